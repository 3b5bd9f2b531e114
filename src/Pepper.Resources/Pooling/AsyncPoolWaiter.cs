using System.Diagnostics;
using System.Threading.Tasks.Sources;
using Pepper.Resources.Monitoring;

namespace Pepper.Resources.Pooling;

/// <summary>
/// A caller that awaits. It is reused: waiting allocates nothing once the pool is warm. It goes back to be reused when its result has
/// been taken, unless its cancellation callback may still be running.
/// </summary>
internal sealed class AsyncPoolWaiter<T>(PoolCore core) : PoolWaiter, IValueTaskSource<Lease<T>>
    where T : class
{
    private ManualResetValueTaskSourceCore<Lease<T>> _completion = new() { RunContinuationsAsynchronously = true };
    private CancellationTokenRegistration _registration;
    private CancellationToken _cancellationToken;
    private ActivityContext _parent;
    private DateTimeOffset _startedAtUtc;
    private bool _isTraced;
    private Exception? _failure;

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

    /// <summary>Notes the trace that the caller is in, if anybody listens. Called before the waiter is queued.</summary>
    internal void NoteTrace()
    {
        Trace = core.TracksLeaks ? Activity.Current?.TraceId ?? default : default;
        _isTraced = ResourceActivities.IsEnabled;
        if (_isTraced)
        {
            _parent = Activity.Current?.Context ?? default;
            _startedAtUtc = core.TimeProvider.GetUtcNow();
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
        // A second look at a ValueTask that was awaited before throws here, and must not recycle the waiter under its new user.
        var isOk = _completion.GetStatus(token) == ValueTaskSourceStatus.Succeeded;
        Report();
        if (isOk)
        {
            var lease = _completion.GetResult(token);
            Recycle();
            return lease;
        }

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
        if (_isTraced)
        {
            ResourceActivities.RecordAcquire(
                core.Name, core.TypeLabel, PoolLabels.Of(Outcome), _parent, _startedAtUtc, _failure);
        }
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
            core.ReturnWaiter(this);
        }
    }
}
