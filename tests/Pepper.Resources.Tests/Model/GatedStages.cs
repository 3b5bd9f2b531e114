using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Model;

/// <summary>The stages that stand at a gate.</summary>
internal enum ModelStage
{
    Create,
    Validate,
    Reset,
}

/// <summary>What the factories of one run do: the stages under way, what there is, and what must not be.</summary>
internal sealed class GatedStages
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<(ModelStage Stage, int Id), TaskCompletionSource<bool>> _pending = [];
    private readonly SortedDictionary<int, int> _makers = [];
    private readonly SortedDictionary<int, DestroyReason> _destroyed = [];
    private readonly HashSet<int> _broken = [];
    private int _begun;
    private int _live;
    private int _validations;
    private int _gated;
    private string? _fault;

    /// <summary>How many may be live at most when a creation begins.</summary>
    internal int Limit { get; set; }

    internal (int Id, Task<bool> Gate) BeginCreation(int factory, CancellationToken cancellationToken)
    {
        int id;
        lock (_lock)
        {
            id = _begun++;
            _makers.Add(id, factory);
            if (++_live > Limit)
            {
                _fault = $"Creation {id} begins as number {_live} of at most {Limit} live resources.";
            }
        }

        return (id, Begin(ModelStage.Create, id, cancellationToken));
    }

    /// <summary>
    /// Every second resource ignores the cancellation of its validation and reset: the pool has to give them up.
    /// </summary>
    internal Task<bool> Begin(ModelStage stage, int id, CancellationToken cancellationToken)
    {
        var gate = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            _gated += stage == ModelStage.Create ? 0 : 1;
            if (!_pending.TryAdd((stage, id), gate))
            {
                _fault = $"Resource {id} is in two stages at once ({stage}).";
            }
        }

        cancellationToken.UnsafeRegister(
            _ =>
            {
                if (Remove(stage, id) is { } ended && (stage == ModelStage.Create || id % 2 == 0))
                {
                    ended.TrySetCanceled(cancellationToken);
                }
            },
            null);
        return gate.Task;
    }

    internal void End(ModelStage stage, int id, bool isFit) => Remove(stage, id)!.SetResult(isFit);

    internal void Fail(ModelStage stage, int id) =>
        Remove(stage, id)!.SetException(new InvalidOperationException($"{stage} of {id} failed."));

    /// <summary>From now on it fails what ends at once.</summary>
    internal void Break(int id)
    {
        lock (_lock)
        {
            _broken.Add(id);
        }
    }

    internal bool IsBroken(int id)
    {
        lock (_lock)
        {
            return _broken.Contains(id);
        }
    }

    internal void CountValidation()
    {
        lock (_lock)
        {
            _validations++;
        }
    }

    /// <summary>Nothing came of a creation, or the user has the resource now.</summary>
    internal void CountGone()
    {
        lock (_lock)
        {
            _live--;
        }
    }

    internal void NoteDestroyed(ModelItem resource, DestroyReason reason, int factory)
    {
        lock (_lock)
        {
            _live--;
            if (!_destroyed.TryAdd(resource.Id, reason))
            {
                _fault = $"Resource {resource.Id} is destroyed twice.";
            }

            if (resource.Factory != factory)
            {
                _fault = $"Factory {factory} destroys resource {resource.Id}, which {resource.Factory} has made.";
            }
        }
    }

    internal StageView Look()
    {
        lock (_lock)
        {
            return new StageView(
                [.. _pending.Keys], new SortedDictionary<int, int>(_makers), new SortedDictionary<int, DestroyReason>(_destroyed),
                _validations, _gated, _fault);
        }
    }

    private TaskCompletionSource<bool>? Remove(ModelStage stage, int id)
    {
        lock (_lock)
        {
            _pending.Remove((stage, id), out var gate);
            return gate;
        }
    }
}

/// <summary>What can be seen of the stages at one moment.</summary>
/// <param name="Pending">Those under way, creations first.</param>
/// <param name="Makers">Which factory was asked for which resource.</param>
/// <param name="Destroyed">What was destroyed, and why.</param>
/// <param name="Validations">How many validations have begun.</param>
/// <param name="Gated">How many validations and resets have come to a gate.</param>
/// <param name="Fault">What must not have happened.</param>
internal sealed record StageView(
    IReadOnlyList<(ModelStage Stage, int Id)> Pending,
    IReadOnlyDictionary<int, int> Makers,
    IReadOnlyDictionary<int, DestroyReason> Destroyed,
    int Validations,
    int Gated,
    string? Fault)
{
    internal IReadOnlyList<int> InStage(ModelStage stage) =>
        [.. Pending.Where(one => one.Stage == stage).Select(static one => one.Id)];
}
