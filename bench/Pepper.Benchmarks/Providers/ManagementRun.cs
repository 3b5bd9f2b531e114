using System.Diagnostics;
using Pepper.Resources;
using Pepper.Resources.Providers;

namespace Pepper.Benchmarks.Providers;

/// <summary>What a manager itself costs, with providers that do nothing.</summary>
internal static class ManagementRun
{
    private const int Count = 5_000;

    internal static async Task<IReadOnlyList<(string Operation, double Median, double NinetyNinth)>> MeasureAsync()
    {
        await using var manager = NewManager();
        (string Operation, Func<string, Task> Work)[] operations =
        [
            ("register", name => RegisterAsync(manager, name)),
            ("get by name", name => Task.FromResult(manager.GetProvider(name))),
            ("acquire and give back", async name => (await manager.AcquireAsync<IProvider>(name)).Dispose()),
            ("reload", name => manager.ReloadProviderAsync(name)),
            ("unregister", name => manager.UnregisterAsync(name)),
        ];
        foreach (var (_, work) in operations)
        {
            for (var number = 0; number < 200; number++)
            {
                await work($"warm {number}");
            }
        }

        List<(string, double, double)> all = [];
        foreach (var (operation, work) in operations)
        {
            var times = new double[Count];
            for (var number = 0; number < Count; number++)
            {
                var name = $"p{number}";
                var started = Stopwatch.GetTimestamp();
                await work(name);
                times[number] = Stopwatch.GetElapsedTime(started).TotalMicroseconds;
            }

            Array.Sort(times);
            all.Add((operation, times[Count / 2], times[Count * 99 / 100]));
        }

        return all;
    }

    /// <summary>What one more registered provider holds, with the provider itself, which has no fields of its own.</summary>
    internal static async Task<double> BytesOfOneAsync()
    {
        await using var manager = NewManager();
        await RegisterAsync(manager, "warm up");
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var number = 0; number < Count; number++)
        {
            await RegisterAsync(manager, $"p{number}");
        }

        var bytes = (double)(GC.GetTotalMemory(forceFullCollection: true) - before) / Count;
        GC.KeepAlive(manager);
        return bytes;
    }

    /// <summary>How long it takes to start so many that take 50 ms each and do not depend on each other.</summary>
    internal static async Task<double> StartMillisecondsAsync(int providers)
    {
        await using var manager = NewManager();
        await manager.RegisterAsync(new Nothing("warm up", TimeSpan.FromMilliseconds(50)));
        var started = Stopwatch.GetTimestamp();
        await manager.RegisterAllAsync([.. Enumerable.Range(0, providers).Select(static number =>
            ProviderRegistration.Of(new Nothing($"p{number}", TimeSpan.FromMilliseconds(50))))]);
        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }

    private static ProviderManager NewManager() => new(monitor: new ProviderMonitor(new ResourceMonitor()));

    private static Task RegisterAsync(ProviderManager manager, string name) => manager.RegisterAsync(
        new ProviderMetadata { Name = name, Type = ProviderType.Custom }, () => "", _ => new Nothing(name, TimeSpan.Zero));

    private sealed class Nothing(string name, TimeSpan start)
        : Provider<string>(new ProviderMetadata { Name = name, Type = ProviderType.Custom }, "")
    {
        public override Task InitializeAsync(CancellationToken cancellationToken = default) =>
            start == TimeSpan.Zero ? Task.CompletedTask : Task.Delay(start, TimeProvider.System, cancellationToken);

        public override Task CleanupAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;
    }
}
