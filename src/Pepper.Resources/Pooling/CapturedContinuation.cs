using System.Threading.Tasks.Sources;

namespace Pepper.Resources.Pooling;

/// <summary>A continuation that wants to run where its caller was: in its execution context, on its scheduler.</summary>
internal sealed class CapturedContinuation
{
    internal static readonly Action<object?> Run = static state => ((CapturedContinuation)state!).Resume();

    private readonly Action<object?> _continuation;
    private readonly object? _state;
    private readonly ExecutionContext? _executionContext;
    private readonly object? _scheduler;

    private CapturedContinuation(
        Action<object?> continuation, object? state, ExecutionContext? executionContext, object? scheduler)
    {
        _continuation = continuation;
        _state = state;
        _executionContext = executionContext;
        _scheduler = scheduler;
    }

    /// <summary>Null when there is nothing to capture, as nearly always.</summary>
    internal static CapturedContinuation? TryCapture(
        Action<object?> continuation, object? state, ValueTaskSourceOnCompletedFlags flags)
    {
        var context = Has(ValueTaskSourceOnCompletedFlags.FlowExecutionContext) ? ExecutionContext.Capture() : null;
        var scheduler = Has(ValueTaskSourceOnCompletedFlags.UseSchedulingContext) ? CurrentScheduler() : null;
        return context is null && scheduler is null ? null : new CapturedContinuation(continuation, state, context, scheduler);

        bool Has(ValueTaskSourceOnCompletedFlags flag) => (flags & flag) != ValueTaskSourceOnCompletedFlags.None;
    }

    private static object? CurrentScheduler()
    {
        if (SynchronizationContext.Current is { } context && context.GetType() != typeof(SynchronizationContext))
        {
            return context;
        }

        return TaskScheduler.Current == TaskScheduler.Default ? null : TaskScheduler.Current;
    }

    private void Resume()
    {
        switch (_scheduler)
        {
            case SynchronizationContext context:
                context.Post(static state => ((CapturedContinuation)state!).RunInContext(), this);
                break;
            case TaskScheduler scheduler:
                _ = Task.Factory.StartNew(
                    static state => ((CapturedContinuation)state!).RunInContext(),
                    this, CancellationToken.None, TaskCreationOptions.DenyChildAttach, scheduler);
                break;
            default:
                RunInContext();
                break;
        }
    }

    private void RunInContext()
    {
        if (_executionContext is null)
        {
            _continuation(_state);
        }
        else
        {
            ExecutionContext.Run(
                _executionContext,
                static state =>
                {
                    var captured = (CapturedContinuation)state!;
                    captured._continuation(captured._state);
                },
                this);
        }
    }
}
