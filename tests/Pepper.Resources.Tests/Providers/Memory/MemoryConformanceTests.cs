using System.Reflection;
using Pepper.Resources.Providers;
using Pepper.Resources.Testing;

namespace Pepper.Resources.Tests.Providers.Memory;

/// <summary>The suite itself: it runs all its tests, and it finds what a store gets wrong.</summary>
public sealed class MemoryConformanceTests
{
    public static TheoryData<MemoryFault> Faults => [.. Enum.GetValues<MemoryFault>()];

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task Suite_OnAStoreWithOneFault_FindsIt(MemoryFault fault)
    {
        List<string> failed = [];
        var suite = new MemoryConformance(() => new Faulty(fault));
        foreach (var test in suite.GetTests().Select(static test => test.Name))
        {
            try
            {
                await suite.RunAsync(test).WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
            }
            catch (Exception failure) when (failure is ConformanceException or MemoryConflictException or NullReferenceException
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
        var written = typeof(MemoryConformance).Assembly.GetTypes()
            .Where(static type => type is { IsAbstract: true, IsSealed: true }
                && type.Name.StartsWith("Memory", StringComparison.Ordinal))
            .SelectMany(static type => type.GetMethods(BindingFlags.Static | BindingFlags.NonPublic))
            .Where(static method => method.ReturnType == typeof(Task)
                && method.GetParameters() is [{ ParameterType.Name: "MemoryScene" }]
                    && !method.Name.Contains('<', StringComparison.Ordinal))
            .Select(static method => method.Name);

        Assert.Equal(written.Order(StringComparer.Ordinal), new MemoryConformance(static () =>
            new InProcessMemoryFixture()).GetAllTests()
            .Select(static test => test.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Run_OnAFixtureOfNoMemory_NamesWhatItNeeds()
    {
        var suite = new MemoryConformance(static () => new NoMemory());

        var failure = await Assert.ThrowsAsync<ArgumentException>(() => suite.RunAsync("Get_OfNothing_IsNull"));

        Assert.Contains(nameof(MemoryProviderFixture), failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_TheKit_PassesAndReports()
    {
        var report = await ProviderConformance.RunAsync(
            static () => new InProcessMemoryFixture(), TestContext.Current.CancellationToken);

        TestContext.Current.TestOutputHelper?.WriteLine(report.ToString());
        Assert.True(report.IsPassed, report.ToString());
        Assert.Contains(typeof(MemoryConformance), ProviderConformance.GetRequiredSuites(typeof(InProcessMemoryProvider)));
    }

    private sealed class NoMemory : ProviderFixture
    {
        public override IProvider Create(string name) => new InProcessMemoryProvider(InProcessMemoryProvider.Describe(name));
    }

    private sealed class Faulty(MemoryFault fault) : MemoryProviderFixture
    {
        public override IMemoryProvider Create(string name, MemoryStoreOptions options) =>
            new FaultyMemoryProvider(fault, options, Time);
    }

    private sealed class FaultyMemoryProvider(MemoryFault fault, MemoryStoreOptions options, TimeProvider time)
        : MemoryProvider<MemoryStoreOptions>(InProcessMemoryProvider.Describe("faulty"), options)
    {
        public override Task InitializeAsync(CancellationToken cancellationToken = default)
        {
            Store = new FaultyMemoryStore(new InProcessMemoryStore(Config, time), fault);
            return Task.CompletedTask;
        }

        public override Task CleanupAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;
    }
}
