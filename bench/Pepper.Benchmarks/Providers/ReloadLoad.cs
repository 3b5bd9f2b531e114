using System.Diagnostics;
using Pepper.Resources;
using Pepper.Resources.Providers;

namespace Pepper.Benchmarks.Providers;

/// <summary>What clients saw of a provider while it was reloaded, or left alone.</summary>
internal sealed record LoadFigures(int Operations, int Failures, int Reloads, int FailedReloads, double[] SortedMilliseconds)
{
    internal double At(double share) => SortedMilliseconds[(int)(share * (SortedMilliseconds.Length - 1))];
}

/// <summary>Clients that read from a storage by its name, one read after the other, while it is reloaded.</summary>
internal static class ReloadLoad
{
    private const int Clients = 16;
    private const int Rounds = 50;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    // Where ten of the reloads each fail. When it is the cleanup of the old one, the new one serves all the same.
    private static readonly ProviderStage[] Stages =
    [
        ProviderStage.Validate, ProviderStage.Build, ProviderStage.Initialize, ProviderStage.HealthCheck, ProviderStage.Cleanup,
    ];

    /// <summary>As many failing reloads as good ones, in turn; or none, for as long.</summary>
    internal static async Task<LoadFigures> RunAsync(string folder, bool reloads)
    {
        await using var manager = new ProviderManager(monitor: new ProviderMonitor(new ResourceMonitor()));
        ProviderStage? next = null;
        await manager.RegisterAsync(
            LoadedProvider.Describe("files"), () => new LoadedConfig("files", folder) { FailAt = next },
            config => config.FailAt == ProviderStage.Build
                ? throw new InvalidOperationException("made to fail at Build") : new LoadedProvider(config));
        var storage = manager.GetStorage("files");
        await storage.PutAsync("a", new byte[1000]);
        using var stop = new CancellationTokenSource();
        var clients = Enumerable.Range(0, Clients).Select(_ => Task.Run(() => ReadAsync(storage, stop.Token))).ToList();
        var (done, failed) = (0, 0);
        for (var round = 0; round < Rounds; round++)
        {
            foreach (var stage in new ProviderStage?[] { Stages[round % Stages.Length], null })
            {
                await Task.Delay(Pause, TimeProvider.System);
                next = stage;
                if (reloads)
                {
                    done++;
                    failed += await ReloadAsync(manager) ? 0 : 1;
                }
            }
        }

        await stop.CancelAsync();
        var seen = await Task.WhenAll(clients);
        double[] times = [.. seen.SelectMany(static one => one.Times)];
        Array.Sort(times);
        return new LoadFigures(times.Length, seen.Sum(static one => one.Failures), done, failed, times);
    }

    private static async Task<bool> ReloadAsync(ProviderManager manager)
    {
        try
        {
            await manager.ReloadProviderAsync("files");
            return true;
        }
        catch (ProviderStageException)
        {
            return false;
        }
    }

    private static async Task<(List<double> Times, int Failures)> ReadAsync(IStorage storage, CancellationToken stop)
    {
        List<double> times = new(100_000);
        var failures = 0;
        while (!stop.IsCancellationRequested)
        {
            var started = Stopwatch.GetTimestamp();
            try
            {
                await using var found = await storage.GetAsync("a", null, CancellationToken.None);
                failures += found?.Entry.Size == 1000 ? 0 : 1;
            }
            catch (Exception failure) when (failure is not OutOfMemoryException)
            {
                failures++;
            }

            times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            // As clients do, each thinks a little: 16 in a row would measure the processors' queue alone.
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, CancellationToken.None);
        }

        return (times, failures);
    }
}
