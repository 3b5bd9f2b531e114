using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Pooling;

/// <summary>
/// Many clients over few places, in manual time: what the pool itself adds to the waiting is then all that there is. On a real
/// clock the benchmark shows the same (docs/benchmarks.md).
/// </summary>
public sealed class PoolUtilisationTests : PoolTestBase
{
    private const int Clients = 32;
    private const int Places = 8;
    private const int Turns = 100;
    private static readonly TimeSpan Hold = TimeSpan.FromMilliseconds(1);
    private readonly List<TimeSpan> _waits = [];
    private int _begun;

    [Fact]
    public async Task Acquire_ThirtyTwoClientsOverEight_KeepsEachPlaceBusyAndEachWaitShort()
    {
        await using var pool = NewPool(options =>
            (options.MaxSize, options.MaxConcurrentCreates, options.AcquireTimeout) = (Places, Places, Timeout.InfiniteTimeSpan));
        foreach (var lease in await Lend(pool, Places))
        {
            lease.Dispose();
        }

        using var end = new CancellationTokenSource();
        var clients = Enumerable.Range(0, Clients).Select(_ => Task.Run(() => WorkAsync(pool, end.Token), Stop)).ToArray();
        for (var turn = 1; turn <= Turns; turn++)
        {
            // All places are held anew, and everybody else waits: so each place is in use for the whole of the time that passes.
            var begun = turn * Places;
            await Until(() => Volatile.Read(ref _begun) == begun && pool.Statistics.Waiting == Clients - Places);
            Assert.Equal(Places, pool.Statistics.InUse);
            Time.Advance(Hold);
        }

        await end.CancelAsync();
        await Task.WhenAll(clients).WaitAsync(Guard, Stop);
        lock (_waits)
        {
            var longest = _waits.Max();
            TestContext.Current.TestOutputHelper?.WriteLine($"{_waits.Count} acquires, longest wait {longest}");
            Assert.Equal(Hold * ((Clients / Places) - 1), longest);
        }
    }

    private async Task WorkAsync(ResourcePool<TestResource> pool, CancellationToken end)
    {
        try
        {
            while (true)
            {
                var asked = Time.GetTimestamp();
                using var lease = await pool.AcquireAsync(end);
                lock (_waits)
                {
                    _waits.Add(Time.GetElapsedTime(asked));
                }

                var hold = Task.Delay(Hold, Time, end);
                Interlocked.Increment(ref _begun);
                await hold;
            }
        }
        catch (OperationCanceledException)
        {
            // Enough turns were seen.
        }
    }
}
