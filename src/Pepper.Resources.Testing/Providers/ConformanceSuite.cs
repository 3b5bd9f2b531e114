using Pepper.Resources.Providers;

namespace Pepper.Resources.Testing;

/// <summary>
/// A suite of tests that hold a provider to its contract. The tests are plain methods that throw; which of them apply follows
/// from the capabilities that the provider declares. Hand <see cref="GetTests()"/> to the test framework of your choice.
/// </summary>
public abstract class ConformanceSuite
{
    private protected ConformanceSuite(string name, Func<ProviderFixture> createFixture)
    {
        ArgumentNullException.ThrowIfNull(createFixture);
        Name = name;
        CreateFixture = createFixture;
    }

    /// <summary>The suite's name.</summary>
    public string Name { get; }

    private Func<ProviderFixture> CreateFixture { get; }

    /// <summary>How long a test may wait for something that must happen. Default: 30 seconds.</summary>
    public TimeSpan Guard { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>All tests of the suite, also those that do not apply to this provider.</summary>
    /// <returns>The tests.</returns>
    public abstract IReadOnlyList<ConformanceTest> GetAllTests();

    /// <summary>
    /// The tests that apply: those of capabilities that the provider declares, and the negative ones of those that it does not.
    /// </summary>
    /// <param name="metadata">The provider's metadata.</param>
    /// <returns>The tests.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="metadata"/> is null.</exception>
    public IReadOnlyList<ConformanceTest> GetTests(ProviderMetadata metadata)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        return
        [
            .. GetAllTests().Where(test =>
                test.Capability is null || metadata.Capabilities.Contains(test.Capability) != test.IsNegative),
        ];
    }

    /// <summary>The tests that apply to the provider that a new fixture makes.</summary>
    /// <returns>The tests.</returns>
    public IReadOnlyList<ConformanceTest> GetTests() => GetTests(CreateFixture().Create("conformance").Metadata);

    /// <summary>Runs one test on a new fixture.</summary>
    /// <param name="name">The test's name.</param>
    /// <returns>Ends when it passed.</returns>
    /// <exception cref="ArgumentException">There is no such test.</exception>
    /// <exception cref="ConformanceException">The provider fails it. Other exceptions are what the provider threw.</exception>
    public async Task RunAsync(string name)
    {
        var test = GetAllTests().FirstOrDefault(test => test.Name == name)
            ?? throw new ArgumentException($"The suite '{Name}' has no test '{name}'.", nameof(name));
        var fixture = CreateFixture();
        await using (fixture.ConfigureAwait(false))
        {
            await fixture.PrepareAsync().ConfigureAwait(false);
            await test.Run(fixture).ConfigureAwait(false);
        }
    }

    private protected ConformanceTest Always(Func<ProviderFixture, Task> run, string name) => new(Name, name, null, false, run);

    private protected ConformanceTest With(string capability, Func<ProviderFixture, Task> run, string name) =>
        new(Name, name, capability, false, run);

    private protected ConformanceTest Without(string capability, Func<ProviderFixture, Task> run, string name) =>
        new(Name, name, capability, true, run);
}
