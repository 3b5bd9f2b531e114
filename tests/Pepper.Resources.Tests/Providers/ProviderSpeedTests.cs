using Pepper.Resources.Providers;

namespace Pepper.Resources.Tests.Providers;

/// <summary>Requirement 084.8; the figures are printed.</summary>
public sealed class ProviderSpeedTests
{
    [Fact]
    public async Task RegisterAll_HundredOfFiftyMilliseconds_StartTogether()
    {
        await using var manager = new ProviderManager(monitor: new ProviderMonitor(new ResourceMonitor()));
        var config = new TestConfig
        {
            At = (_, stage, token) => stage == ProviderStage.Initialize
                ? Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, token) : Task.CompletedTask,
        };
        await manager.RegisterAsync(TestProvider.New("warm up", config));
        var started = TimeProvider.System.GetTimestamp();

        await manager.RegisterAllAsync(
            [.. Enumerable.Range(0, 100).Select(number => ProviderRegistration.Of(TestProvider.New($"p{number}", config)))]);

        var elapsed = TimeProvider.System.GetElapsedTime(started);
        TestContext.Current.TestOutputHelper?.WriteLine($"100 providers of 50 ms each: {elapsed.TotalMilliseconds:0} ms");
        Assert.InRange(elapsed, TimeSpan.Zero, TimeSpan.FromMilliseconds(500));
    }

    [Fact]
    public async Task Management_OfAHundred_TakesLessThanAMillisecondEach()
    {
        const int Count = 100;
        await using var manager = new ProviderManager(monitor: new ProviderMonitor(new ResourceMonitor()));
        await manager.RegisterAsync(TestProvider.New("warm up"));
        await manager.ReloadProviderAsync("warm up");
        await manager.UnregisterAsync("warm up");
        List<(string Name, Func<string, Task> Work)> operations =
        [
            ("register", name => manager.RegisterAsync(TestProvider.Describe(name), () => new TestConfig(),
            config => TestProvider.New(name, config))),
            ("acquire", async name => (await manager.AcquireAsync<IProvider>(name)).Dispose()),
            ("find by name", name => Task.FromResult(manager.GetProvider(name))),
            ("find by type", _ => Task.FromResult(manager.GetProvidersByType(ProviderType.Custom))),
            ("find by capability", _ => Task.FromResult(manager.GetProvidersByCapability("x"))),
            ("reload", name => manager.ReloadProviderAsync(name)),
            ("unregister", name => manager.UnregisterAsync(name)),
        ];
        foreach (var (operation, work) in operations)
        {
            List<TimeSpan> times = [];
            for (var number = 0; number < Count; number++)
            {
                var started = TimeProvider.System.GetTimestamp();
                await work($"p{number}");
                times.Add(TimeProvider.System.GetElapsedTime(started));
            }

            times.Sort();
            TestContext.Current.TestOutputHelper?.WriteLine(
                $"{operation}: median {times[Count / 2].TotalMicroseconds:0} us, "
                + $"90 % {times[Count * 9 / 10].TotalMicroseconds:0} us");
            Assert.InRange(times[Count / 2], TimeSpan.Zero, TimeSpan.FromMilliseconds(1));
        }
    }
}
