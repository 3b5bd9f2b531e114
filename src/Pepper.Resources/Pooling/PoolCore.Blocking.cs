namespace Pepper.Resources.Pooling;

/// <content>Callers that block their thread.</content>
internal sealed partial class PoolCore
{
    internal PoolEntry AcquireBlocking(in AcquireRequest request, out long token, CancellationToken cancellationToken)
    {
        var ready = _isBorrowPlain
            ? TryAcquire(out token, request.Member, request.File, request.Line)
            : TryAcquireWithCare(out token, request.Member, request.File, request.Line, isBlocking: true);
        if (ready is not null)
        {
            return ready;
        }

        using var waiter = new BlockingPoolWaiter();
        PoolWaiter? queued = waiter;
        if (Enqueue(request, ref queued, out var isAlone) is { } refusal)
        {
            throw refusal;
        }

        NoteTrace(waiter);
        using (cancellationToken.UnsafeRegister(
            static (state, canceled) => ((Cancellation)state!).Run(canceled), new Cancellation(this, waiter)))
        {
            ServeCaller(isAlone);
            Block(waiter, request.Timeout);
        }

        if (waiter.Extras is { } extras)
        {
            ReportWait(waiter, extras);
            extras.ReportSpan(this, waiter.Failure);
        }

        token = waiter.Token;
        return waiter.Entry ?? throw waiter.Failure!;
    }

    private void Block(BlockingPoolWaiter waiter, TimeSpan timeout)
    {
        // Deadlines come from a timer, whose callbacks need a thread of the thread pool: a blocked caller also looks itself.
        var isRealTime = TimeProvider == TimeProvider.System && timeout < LongestLimit / 2;
        var realTime = timeout == TimeSpan.Zero || isRealTime ? timeout : Timeout.InfiniteTimeSpan;
        try
        {
            if (!waiter.Wait(realTime))
            {
                ExpireNow(waiter);
                waiter.Wait(Timeout.InfiniteTimeSpan);
            }
        }
        catch (ThreadInterruptedException)
        {
            if (!TryLeaveQueue(waiter, AcquireOutcome.Canceled))
            {
                // Whoever took it out is about to end it.
                waiter.SpinUntilEnded();
                if (waiter.Entry is { } entry)
                {
                    Return(entry, waiter.Token);
                }
            }

            throw;
        }
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
