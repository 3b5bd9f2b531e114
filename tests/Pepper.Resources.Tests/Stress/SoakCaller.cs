using Pepper.Resources.Pooling;
using Pepper.Resources.Recovery;

namespace Pepper.Resources.Tests.Stress;

/// <summary>
/// One who asks, holds and gives back, again and again, in whatever way chance has it. Most rounds are short, so that the pool is
/// always about to be empty, or full. Counts are its own until it has ended.
/// </summary>
internal sealed class SoakCaller(SoakTarget target, Random random, Func<bool> isOver)
{
    internal SoakCounts Counts { get; } = new();

    /// <summary>Asks asynchronously, now and then without waiting.</summary>
    internal async Task RunAsync()
    {
        while (!isOver())
        {
            var dice = random.Next(100);
            var request = NextRequest();
            if (dice < 10)
            {
                Try(request);
                await Task.Yield();
                continue;
            }

            using var source = dice < 20 ? new CancellationTokenSource() : null;
            Counts.Asked++;
            try
            {
                var asked = target.AcquireAsync(request, source?.Token ?? default);
                if (source is not null)
                {
                    ThreadPool.UnsafeQueueUserWorkItem(static one => CancelQuietly(one), source, preferLocal: (dice & 1) == 0);
                }

                var lease = await asked;
                Counts.Served++;
                await UseAsync(lease);
            }
            catch (Exception failure)
            {
                Note(failure, isBlocking: false);
                if (failure is PoolExhaustedException { Reason: ExhaustionReason.QueueFull })
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System);
                }
            }
        }
    }

    /// <summary>Asks on a thread that it blocks.</summary>
    internal void Run()
    {
        while (!isOver())
        {
            var request = NextRequest();
            using var source = random.Next(10) == 0 ? new CancellationTokenSource(TimeSpan.FromMilliseconds(1)) : null;
            Counts.Asked++;
            try
            {
                var lease = target.Acquire(request, source?.Token ?? default);
                Counts.Served++;
                Use(lease);
                GiveBack(lease);
            }
            catch (Exception failure)
            {
                Note(failure, isBlocking: true);
            }
        }
    }

    private static void CancelQuietly(CancellationTokenSource source)
    {
        try
        {
            source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The caller has gone on.
        }
    }

    private SoakRequest NextRequest()
    {
        var dice = random.Next(100);
        return new SoakRequest(
            dice < 4 ? TimeSpan.Zero
                : dice < 24 ? TimeSpan.FromMilliseconds(random.Next(1, 60))
                : dice < 40 ? TimeSpan.FromSeconds(20)
                : Timeout.InfiniteTimeSpan,
            random.Next(20) switch
            {
                0 or 1 => AcquirePriority.High,
                2 or 3 => AcquirePriority.Low,
                _ => AcquirePriority.Normal,
            },
            random.Next(SoakKeyedPool.Keys));
    }

    private void Try(in SoakRequest request)
    {
        Counts.Asked++;
        if (target.TryAcquire(request, out var lease))
        {
            Counts.Served++;
            Use(lease);
            GiveBack(lease);
        }
        else
        {
            Counts.Refused++;
        }
    }

    private async Task UseAsync(Lease<SoakItem> lease)
    {
        if (random.Next(10) == 0)
        {
            var item = lease.Resource;
            Enter(item);
            if (random.Next(4) == 0)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(random.Next(1, 20)), TimeProvider.System);
            }
            else
            {
                await Task.Yield();
            }

            item.Leave();
        }

        Use(lease);
        if (!lease.IsStale && random.Next(2) == 0)
        {
            await lease.DisposeAsync();
            UseStale(lease);
        }
        else
        {
            GiveBack(lease);
        }
    }

    private void Use(Lease<SoakItem> lease)
    {
        var item = lease.Resource;
        Enter(item);
        var dice = random.Next(1_000);
        if (dice < 20)
        {
            lease.Invalidate(dice < 10 ? new SoakException("use") : null);
        }

        item.Leave();
        if (dice is >= 20 and < 25)
        {
            target.Ledger.Detach(item);
            lease.Detach();
        }
        else if (dice is >= 30 and < 80)
        {
            // A copy, given back by another thread at the same time.
            Counts.DoubleReturns++;
            ThreadPool.UnsafeQueueUserWorkItem(static copy => copy.Dispose(), lease, preferLocal: false);
        }
    }

    private void Enter(SoakItem item)
    {
        if (!item.TryEnter())
        {
            target.Ledger.Fault($"resource {item.Id} is lent twice at once.");
        }
    }

    private void GiveBack(Lease<SoakItem> lease)
    {
        lease.Dispose();
        UseStale(lease);
    }

    /// <summary>What was given back must reach nobody's resource any more.</summary>
    private void UseStale(Lease<SoakItem> lease)
    {
        if (random.Next(20) != 0)
        {
            return;
        }

        Counts.StaleUses++;
        lease.Invalidate();
        lease.Dispose();
        if (!lease.IsStale || !IsRefused(() => lease.Resource) || !IsRefused(lease.Detach))
        {
            target.Ledger.Fault("a lease works after it was given back.");
        }
    }

    private static bool IsRefused(Func<SoakItem> use)
    {
        try
        {
            use();
            return false;
        }
        catch (ObjectDisposedException)
        {
            return true;
        }
    }

    private void Note(Exception failure, bool isBlocking)
    {
        switch (failure)
        {
            case PoolExhaustedException { Reason: ExhaustionReason.Shed }:
                Counts.Shed++;
                break;
            case PoolExhaustedException { Reason: ExhaustionReason.QueueFull }:
                Counts.QueueFull++;
                break;
            case CircuitOpenException:
                Counts.CircuitOpen++;
                break;
            case ResourceTimeoutException { Stage: not ResourceStage.Validate } timeout
                when timeout.Timeout != SoakTarget.CreateTimeout && timeout.Timeout != SoakTarget.ProbeTimeout:
                Counts.TimedOut++;
                break;
            case ResourceTimeoutException or ResourceInitializationException:
                Counts.CreateFailed++;
                break;
            case OperationCanceledException when isBlocking:
                Counts.CanceledWhileBlocking++;
                break;
            case OperationCanceledException:
                Counts.Canceled++;
                break;
            default:
                target.Ledger.Fault($"an unexpected exception: {failure}");
                break;
        }
    }
}
