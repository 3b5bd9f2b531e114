using Pepper.Resources.Testing;

namespace Pepper.Tests;

/// <summary>A suite of the conformance kit as xunit tests: one for each test that applies to the provider.</summary>
public abstract class ConformanceTests<TSuite, TFixture>
    where TSuite : ConformanceSuite
    where TFixture : ProviderFixture, new()
{
#pragma warning disable CA1000 // The framework asks for the data by the class, whose arguments say which tests apply.
    public static TheoryData<string> Applicable => [.. NewSuite(
        static () => new TFixture()).GetTests().Select(test => test.Name)];
#pragma warning restore CA1000

    protected virtual TFixture NewFixture() => new();

    [Theory]
    [MemberData(nameof(Applicable))]
    public Task Holds(string test) => NewSuite(NewFixture).RunAsync(test);

    protected static TSuite NewSuite(Func<ProviderFixture> createFixture) =>
        (TSuite)Activator.CreateInstance(typeof(TSuite), createFixture)!;
}
