using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Model;

/// <summary>One who asked for a resource, and what has become of it.</summary>
internal sealed class PoolCaller(int id, CancellationTokenSource source)
{
    internal int Id { get; } = id;

    internal CancellationTokenSource Source { get; } = source;

    internal ValueTask<Lease<ModelItem>> Task { get; init; }

    internal ModelCaller Seen { get; set; } = new(id, Outcome.Waiting);

    internal Lease<ModelItem> Lease { get; private set; }

    internal bool IsHeld { get; private set; }

    internal bool HasHeld => Seen.Outcome == Outcome.Lent && !IsHeld;

    internal void Take(Lease<ModelItem> lease)
    {
        Lease = lease;
        IsHeld = true;
        Seen = Seen with { Outcome = Outcome.Lent, Resource = lease.Resource.Id };
    }

    internal void GiveUp() => IsHeld = false;

    internal async Task LookAsync()
    {
        if (IsHeld && Lease.IsStale)
        {
            // The pool has taken it back.
            IsHeld = false;
        }

        if (Seen.Outcome != Outcome.Waiting || !Task.IsCompleted)
        {
            return;
        }

        try
        {
            Take(await Task);
        }
        catch (Exception failure)
        {
            Seen = Seen with { Outcome = OutcomeOf(failure) };
        }
    }

    internal static Outcome OutcomeOf(Task task) =>
        !task.IsCompleted ? Outcome.Waiting
        : task.Exception?.InnerException is { } failure ? OutcomeOf(failure)
        : Outcome.Ended;

    private static Outcome OutcomeOf(Exception failure) => failure switch
    {
        PoolExhaustedException => Outcome.Exhausted,
        ResourceTimeoutException => Outcome.TimedOut,
        ResourceInitializationException => Outcome.CreateFailed,
        OperationCanceledException => Outcome.Canceled,
        PoolClosedException => Outcome.Closed,
        ObjectDisposedException => Outcome.Disposed,
        _ => throw new ModelMismatchException($"An unexpected exception: {failure}"),
    };
}
