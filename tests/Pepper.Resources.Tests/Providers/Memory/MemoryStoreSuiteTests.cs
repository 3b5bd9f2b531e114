using System.Reflection;
using Pepper.Resources.Providers;
using Pepper.Resources.Testing;
using Pepper.Resources.Testing.Providers;

namespace Pepper.Resources.Tests.Providers.Memory;

/// <summary>The suite itself: it runs all its tests, and it finds what a store gets wrong.</summary>
public sealed class MemoryStoreSuiteTests
{
    public static TheoryData<MemoryFault> Faults => [.. Enum.GetValues<MemoryFault>()];

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task Suite_OnAStoreWithOneFault_FindsIt(MemoryFault fault)
    {
        List<string> failed = [];
        foreach (var test in MemoryStoreSuite.Tests)
        {
            try
            {
                await new Faulty(fault).RunAsync(test).WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
            }
            catch (Exception failure) when (failure is MemoryStoreSuiteException or MemoryConflictException or NullReferenceException
                or KeyNotFoundException or InvalidOperationException or NotSupportedException)
            {
                failed.Add(test);
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{fault}: {string.Join(", ", failed)}");
        Assert.Equal(fault != MemoryFault.None, failed.Count > 0);
    }

    [Fact]
    public void Tests_AreAllThatAreWritten()
    {
        var written = typeof(MemoryStoreSuite).Assembly.GetTypes()
            .Where(static type => type is { IsAbstract: true, IsSealed: true } && type.Name.StartsWith("Memory", StringComparison.Ordinal))
            .SelectMany(static type => type.GetMethods(BindingFlags.Static | BindingFlags.NonPublic))
            .Where(static method => method.ReturnType == typeof(Task)
                && method.GetParameters() is [{ ParameterType.Name: "MemoryScene" }] && !method.Name.Contains('<', StringComparison.Ordinal))
            .Select(static method => method.Name);

        Assert.Equal(written.Order(StringComparer.Ordinal), MemoryStoreSuite.Tests.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Run_OfATestThatThereIsNot_NamesIt() => Assert.Contains(
        "'nothing'", (await Assert.ThrowsAsync<ArgumentException>(() => new Faulty(MemoryFault.None).RunAsync("nothing"))).Message,
        StringComparison.Ordinal);

    private sealed class Faulty(MemoryFault fault) : MemoryStoreSuite
    {
        protected override ValueTask<IMemoryStore> OpenAsync(MemoryStoreOptions options, TimeProvider timeProvider) =>
            new(new FaultyMemoryStore(new InProcessMemoryStore(options, timeProvider), fault));
    }
}
