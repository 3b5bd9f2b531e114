namespace Pepper.Resources.Pooling;

/// <content>Callers that block their thread.</content>
internal sealed partial class PoolCore
{
    internal PoolEntry AcquireBlocking(TimeSpan timeout, CallSiteParts site, out long token, CancellationToken cancellationToken)
    {
        var ready = _isBorrowPlain
            ? TryAcquire(out token, site.Member, site.File, site.Line)
            : TryAcquireWithCare(out token, site.Member, site.File, site.Line, isBlocking: true);
        if (ready is not null)
        {
            return ready;
        }

        using var waiter = new BlockingPoolWaiter { Timeout = timeout, Member = site.Member, File = site.File, Line = site.Line };
        if (Enqueue(waiter) is { } refusal)
        {
            throw refusal;
        }

        // Deadlines come from a timer, whose callbacks need a thread of the thread pool: a blocked caller also looks itself.
        var realTime = TimeProvider == TimeProvider.System ? timeout : Timeout.InfiniteTimeSpan;
        using (cancellationToken.UnsafeRegister(
            static (state, canceled) => ((Cancellation)state!).Run(canceled), new Cancellation(this, waiter)))
        {
            ServeQueue();
            if (!waiter.Wait(realTime))
            {
                ExpireNow(waiter);
                waiter.Wait(Timeout.InfiniteTimeSpan);
            }
        }

        ReportWait(waiter);
        token = waiter.Token;
        return waiter.Entry ?? throw waiter.Failure!;
    }

    private sealed class Cancellation(PoolCore core, PoolWaiter waiter)
    {
        internal void Run(CancellationToken cancellationToken)
        {
            if (core.TryLeaveQueue(waiter, AcquireOutcome.Canceled))
            {
                waiter.Fail(new OperationCanceledException(cancellationToken));
            }
        }
    }
}

/// <summary>Caller information on its way to an entry; the file is a path, as the compiler gave it.</summary>
internal readonly record struct CallSiteParts(string? Member, string? File, int Line);
