using System.Runtime.ExceptionServices;
using System.Threading.Tasks.Sources;

namespace Pepper.Resources.Pooling;

/// <summary>
/// A caller that awaits. It is reused: waiting allocates nothing once the pool is warm. It goes back to be reused when its
/// result has been taken, unless its cancellation callback may still be running.
/// </summary>
/// <remarks>
/// It is its own completion, half as large as the framework's. <c>_continuation</c> decides between the one who ends the wait and
/// the one who awaits it: the first to set it leaves the rest to the second. Only when both have been there may the result be
/// taken.
/// </remarks>
internal sealed class AsyncPoolWaiter<T> : PoolWaiter, IValueTaskSource<Lease<T>>
    where T : class
{
    private static readonly Action<object?> Ended = static _ => throw new InvalidOperationException("It only marks an end.");

    private Action<object?>? _continuation;
    private object? _state;

    // The entry that was delivered, or the failure; null while it waits.
    private object? _result;
    private CancellationTokenRegistration _registration;

    internal ValueTask<Lease<T>> Task => new(this, Version);

    /// <summary>Called right after the waiter was queued, on the caller's thread.</summary>
    internal void Watch(CancellationToken cancellationToken) =>
        _registration = cancellationToken.UnsafeRegister(
            static (state, canceled) => ((AsyncPoolWaiter<T>)state!).OnCanceled(canceled), this);

    internal override void Deliver(PoolEntry entry, long token)
    {
        DueAt = token;
        End(entry);
    }

    internal override void Fail(Exception exception) => End(exception);

    public Lease<T> GetResult(short token)
    {
        // Untaken is the version whose result nobody has taken yet. Not a flag: a second taker that comes late must not take the
        // next caller's. A second look at a ValueTask that was awaited before throws here, and must not recycle the waiter under
        // its new user; nor must a look that comes too early, or a second one at the same time.
        if (GetStatus(token) == ValueTaskSourceStatus.Pending
            || Interlocked.CompareExchange(ref Untaken, (short)(token - 1), token) != token)
        {
            throw new InvalidOperationException(
                "A ValueTask is awaited once, and its result is not asked for before it has ended. Use AsTask() for more.");
        }

        YieldPoint.Reach();

        // The test for a sealed type is one comparison, that for an exception is a walk.
        var result = _result!;
        var failure = result is PoolEntry ? null : (Exception)result;
        if (Extras is { } extras)
        {
            Core!.ReportWait(this, extras);
            extras.ReportSpan(Core!, failure);
        }

        var lease = failure is null ? new Lease<T>((PoolEntry)result, DueAt) : default;
        Recycle();
        if (failure is not null)
        {
            ExceptionDispatchInfo.Throw(failure);
        }

        return lease;
    }

    public ValueTaskSourceStatus GetStatus(short token)
    {
        ThrowIfOld(token);

        return Volatile.Read(ref _continuation) is null || Volatile.Read(ref _result) is not { } result
            ? ValueTaskSourceStatus.Pending
            : result is PoolEntry ? ValueTaskSourceStatus.Succeeded
            : result is OperationCanceledException ? ValueTaskSourceStatus.Canceled
            : ValueTaskSourceStatus.Faulted;
    }

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
    {
        ThrowIfOld(token);

        if (CapturedContinuation.TryCapture(continuation, state, flags) is { } captured)
        {
            (continuation, state) = (CapturedContinuation.Run, captured);
        }

        var before = Volatile.Read(ref _continuation);
        if (before is null)
        {
            // Before the continuation: whoever finds that takes this too.
            _state = state;
            YieldPoint.Reach();
            before = Interlocked.CompareExchange(ref _continuation, continuation, null);
            if (before is null)
            {
                return;
            }
        }

        if (!ReferenceEquals(before, Ended))
        {
            throw new InvalidOperationException("The ValueTask is awaited already. Use AsTask() to await one more than once.");
        }

        BackgroundWork.Queue(continuation, state, Core!.HandsOverLocally);
    }

    private void ThrowIfOld(short token)
    {
        if (token != Version)
        {
            throw new InvalidOperationException("The ValueTask was awaited before. Use AsTask() to await one more than once.");
        }
    }

    private void End(object result)
    {
        // Before: once the result is there, the waiter may be another caller's.
        var isLocal = Core!.HandsOverLocally;
        Volatile.Write(ref _result, result);
        YieldPoint.Reach();
        var continuation = Volatile.Read(ref _continuation) ?? Interlocked.CompareExchange(ref _continuation, Ended, null);
        if (continuation is not null)
        {
            BackgroundWork.Queue(continuation, _state, isLocal);
        }
    }

    private void OnCanceled(CancellationToken cancellationToken)
    {
        if (Core!.TryLeaveQueue(this, AcquireOutcome.Canceled))
        {
            Fail(new OperationCanceledException(cancellationToken));
        }
    }

    private void Recycle()
    {
        var isQuiet = _registration == default || _registration.Unregister();
        _registration = default;
        YieldPoint.Reach();
        if (isQuiet)
        {
            _continuation = null;
            _state = null;
            _result = null;
            Version++;
            Volatile.Write(ref Untaken, Version);
            Core!.ReturnWaiter(this);
        }
    }
}
