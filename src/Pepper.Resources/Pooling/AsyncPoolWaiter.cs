using System.Threading.Tasks.Sources;

namespace Pepper.Resources.Pooling;

/// <summary>
/// A caller that awaits. It is reused: waiting allocates nothing once the pool is warm. It goes back to be reused when its
/// result has been taken, unless its cancellation callback may still be running.
/// </summary>
internal sealed class AsyncPoolWaiter<T>(PoolCore core) : PoolWaiter, IValueTaskSource<Lease<T>>
    where T : class
{
    private const int Taken = int.MinValue;

    private ManualResetValueTaskSourceCore<Lease<T>> _completion = new() { RunContinuationsAsynchronously = true };
    private CancellationTokenRegistration _registration;
    private CancellationToken _cancellationToken;
    private Exception? _failure;

    // The version whose result nobody has taken yet. Not a flag: a second taker that comes late must not take the next caller's.
    private int _untaken;

    internal ValueTask<Lease<T>> Task => new(this, _completion.Version);

    /// <summary>Called right after the waiter was queued, on the caller's thread.</summary>
    internal void Watch(CancellationToken cancellationToken)
    {
        if (cancellationToken.CanBeCanceled)
        {
            _cancellationToken = cancellationToken;
            _registration = cancellationToken.UnsafeRegister(
                static (state, _) => ((AsyncPoolWaiter<T>)state!).OnCanceled(), this);
        }
    }

    internal override void Deliver(PoolEntry entry, long token) => _completion.SetResult(new Lease<T>(entry, token));

    internal override void Fail(Exception exception)
    {
        _failure = exception;
        _completion.SetException(exception);
    }

    public Lease<T> GetResult(short token)
    {
        // A second look at a ValueTask that was awaited before throws here, and must not recycle the waiter under its new user;
        // nor must a look that comes too early, or a second one at the same time.
        if (_completion.GetStatus(token) == ValueTaskSourceStatus.Pending
            || Interlocked.CompareExchange(ref _untaken, Taken, token) != token)
        {
            throw new InvalidOperationException(
                "A ValueTask is awaited once, and its result is not asked for before it has ended. Use AsTask() for more.");
        }

        Report();
        try
        {
            return _completion.GetResult(token);
        }
        finally
        {
            Recycle();
        }
    }

    public ValueTaskSourceStatus GetStatus(short token) => _completion.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _completion.OnCompleted(continuation, state, token, flags);

    private void OnCanceled()
    {
        if (core.TryLeaveQueue(this, AcquireOutcome.Canceled))
        {
            Fail(new OperationCanceledException(_cancellationToken));
        }
    }

    private void Report()
    {
        core.ReportWait(this);
        ReportSpan(core, _failure);
    }

    private void Recycle()
    {
        var isQuiet = !_cancellationToken.CanBeCanceled || _registration.Unregister();
        _registration = default;
        _cancellationToken = default;
        _failure = null;
        if (isQuiet)
        {
            _completion.Reset();
            Volatile.Write(ref _untaken, _completion.Version);
            core.ReturnWaiter(this);
        }
    }
}
