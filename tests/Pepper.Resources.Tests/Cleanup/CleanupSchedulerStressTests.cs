using System.Diagnostics;
using Pepper.Resources.Cleanup;
using Pepper.Resources.Testing;

namespace Pepper.Resources.Tests.Cleanup;

/// <summary>Real threads and real time. Each schedule has a number; what happened to it is counted and must add up.</summary>
public sealed class CleanupSchedulerStressTests
{
    private const int Ids = 40;
    private const int Threads = 4;
    private static readonly TimeSpan Guard = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, true)]
    public async Task ScheduleCancelCleanup_FromManyThreads_RunsEachAtMostOnceAndLosesNone(int seed, bool runPending)
    {
        var scheduler = new CleanupScheduler(new CleanupSchedulerOptions
        {
            Resolution = TimeSpan.FromMilliseconds(1),
            MaxConcurrentCleanups = 4,
            RunPendingOnDispose = runPending,
        });
        const int Most = 200_000;
        int[] runs = new int[Most];
        int scheduled = -1;
        long cancelled = 0;
        long ranByCall = 0;
        var watch = Stopwatch.StartNew();

        async Task HammerAsync(int thread)
        {
            await Task.Yield();
            var random = new Random((seed * 100) + thread);
            while (watch.Elapsed < TimeSpan.FromSeconds(1))
            {
                string id = $"{random.Next(Ids)}";
                switch (random.Next(6))
                {
                    case 0:
                        Interlocked.Add(ref cancelled, scheduler.Cancel(id) ? 1 : 0);
                        break;
                    case 1:
                        Interlocked.Add(ref ranByCall, await scheduler.CleanupAsync(id) ? 1 : 0);
                        break;
                    default:
                        int number = Interlocked.Increment(ref scheduled);
                        if (number >= Most)
                        {
                            return;
                        }

                        scheduler.Schedule(id, TimeSpan.FromMilliseconds(random.Next(4)), Numbered(number));
                        break;
                }
            }
        }

        Func<CancellationToken, ValueTask> Numbered(int number) => async _ =>
        {
            Interlocked.Increment(ref runs[number]);
            if (number % 3 == 0)
            {
                await Task.Yield();
            }
        };

        await Task.WhenAll(Enumerable.Range(0, Threads).Select(HammerAsync)).WaitAsync(Guard);
        await EndAsync(scheduler, runPending, watch);
        Assert.All(runs, count => Assert.InRange(count, 0, 1));
        Assert.Equal(runs.Sum(), scheduler.CompletedCleanups);
        Assert.InRange(scheduler.CompletedCleanups, ranByCall, scheduled + 1 - cancelled);
        Assert.Equal((0, 0L, 0L), (scheduler.Count, scheduler.FailedCleanups, scheduler.AbandonedCleanups));
        Assert.True(ranByCall > 0 && cancelled > 0, "The stress reached every case.");
    }

    private static async Task EndAsync(CleanupScheduler scheduler, bool runPending, Stopwatch watch)
    {
        // Everything is due within 4 ms, so nothing may be left soon.
        while (!runPending && (scheduler.Count > 0 || scheduler.Running > 0))
        {
            Assert.True(watch.Elapsed < Guard, "Something that is due was lost.");
            await Task.Yield();
        }

        await scheduler.DisposeAsync().AsTask().WaitAsync(Guard);
    }

    [Fact]
    public async Task Schedule_DistinctIdsCancelledWhileDue_RunsOrCancelsEachExactlyOnce()
    {
        const int Each = 10_000;
        var options = new CleanupSchedulerOptions { Resolution = TimeSpan.FromMilliseconds(1) };
        await using var scheduler = new CleanupScheduler(options);
        int[] outcomes = new int[Threads * Each];
        await Task.WhenAll(Enumerable.Range(0, Threads).Select(thread => Task.Run(() =>
        {
            var random = new Random(thread);
            for (int i = 0; i < Each; i++)
            {
                int number = (thread * Each) + i;
                scheduler.Schedule($"{number}", TimeSpan.FromMilliseconds(random.Next(3)), _ =>
                {
                    Interlocked.Increment(ref outcomes[number]);
                    return default;
                });
                int other = (thread * Each) + random.Next(i + 1);
                if (scheduler.Cancel($"{other}"))
                {
                    Interlocked.Increment(ref outcomes[other]);
                }
            }
        }))).WaitAsync(Guard);

        var watch = Stopwatch.StartNew();
        while (scheduler.Count > 0 || scheduler.Running > 0)
        {
            Assert.True(watch.Elapsed < Guard, "Something that is due was lost.");
            await Task.Yield();
        }

        Assert.All(outcomes, count => Assert.Equal(1, count));
    }

    [Fact]
    public async Task Schedule_ReplacedAsItFallsDue_CancelTellsWhetherTheEarlierRuns()
    {
        var time = new ManualTimeProvider();
        await using var scheduler = new CleanupScheduler(new CleanupSchedulerOptions { MaxConcurrentCleanups = 2 }, time);
        for (int round = 0; round < 500; round++)
        {
            int old = 0;
            using var last = new SemaphoreSlim(0);
            bool oldHadBegun = false;
            scheduler.Schedule("a", TimeSpan.FromMilliseconds(10), _ =>
            {
                Interlocked.Increment(ref old);
                return default;
            });
            Task advancing = Task.Run(() => time.Advance(TimeSpan.FromMilliseconds(10)));
            oldHadBegun = !scheduler.Cancel("a");
            scheduler.Schedule("a", TimeSpan.Zero, _ =>
            {
                last.Release();
                return default;
            });

            await advancing.WaitAsync(Guard);
            Assert.True(await last.WaitAsync(Guard));
            while (scheduler.Running > 0)
            {
                await Task.Yield();
            }

            Assert.Equal(oldHadBegun ? 1 : 0, old);
        }
    }
}
