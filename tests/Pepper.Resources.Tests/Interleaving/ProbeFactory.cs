using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Interleaving;

/// <summary>A resource that knows who has it.</summary>
internal sealed class Probe(int id, int generation)
{
    internal int Id { get; } = id;

    internal int Generation { get; } = generation;

    internal string? Holder { get; set; }

    internal bool IsValidated { get; set; } = true;

    /// <summary>Whether another has failed since it was last validated.</summary>
    internal bool IsSuspect { get; set; }

    internal DestroyReason? DestroyedFor { get; set; }

    /// <summary>When its last holder let go of it; 0 for never.</summary>
    internal int ReturnedAt { get; set; }
}

/// <summary>
/// A factory whose stages end at once or as a strand of the schedule, as the scenario says, and which counts what there is.
/// </summary>
internal sealed class ProbeFactory(Schedule schedule) : IResourceFactory<Probe>
{
    private int _ids;

    public FactoryHooks Hooks { get; set; } = FactoryHooks.None;

    /// <summary>Whether creations and destructions end later, as strands of their own.</summary>
    internal bool IsSlow { get; set; }

    /// <summary>Whether validations end later too, where the others do.</summary>
    internal bool IsValidationSlow { get; set; } = true;

    /// <summary>When destructions may end; null for at any time.</summary>
    internal Func<bool>? DestructionsEnd { get; set; }

    /// <summary>How many may be live at most, those being made or destroyed included.</summary>
    internal int Limit { get; set; } = int.MaxValue;

    /// <summary>Which creations fail, by their number from 0.</summary>
    internal Func<int, bool> Fails { get; set; } = static _ => false;

    internal Func<Probe, bool> IsFit { get; set; } = static _ => true;

    internal int Live { get; private set; }

    internal List<Probe> Made { get; } = [];

    public ValueTask<Probe> CreateAsync(CreateContext context, CancellationToken cancellationToken)
    {
        var id = _ids++;
        if (++Live > Limit)
        {
            schedule.Fail($"Creation {id} begins as number {Live} of at most {Limit} live resources.");
        }

        schedule.Note($"creates {id} for generation {context.Generation}");
        return new ValueTask<Probe>(LaterAsync(() =>
        {
            if (Fails(id))
            {
                Live--;
                throw new InvalidOperationException($"Creation {id} fails.");
            }

            var probe = new Probe(id, context.Generation);
            Made.Add(probe);
            return probe;
        }));
    }

    public ValueTask<bool> ValidateAsync(Probe resource, CancellationToken cancellationToken)
    {
        ThrowIfUsed(resource, "validated");
        return new ValueTask<bool>(LaterAsync(
            () =>
            {
                resource.IsSuspect = false;
                return resource.IsValidated = IsFit(resource);
            },
            IsValidationSlow));
    }

    public ValueTask<bool> ResetAsync(Probe resource, CancellationToken cancellationToken)
    {
        ThrowIfUsed(resource, "reset");
        return new ValueTask<bool>(LaterAsync(static () => true));
    }

    public ValueTask DestroyAsync(Probe resource, DestroyReason reason, CancellationToken cancellationToken)
    {
        ThrowIfUsed(resource, "destroyed");
        resource.DestroyedFor = reason;
        schedule.Note($"destroys {resource.Id}: {reason}");
        return new ValueTask(LaterAsync(() =>
        {
            if (DestructionsEnd is not null)
            {
                schedule.WaitUntil(DestructionsEnd);
            }

            return Live--;
        }));
    }

    /// <summary>The user has it now.</summary>
    internal void CountDetached() => Live--;

    private void ThrowIfUsed(Probe resource, string what)
    {
        if (resource.Holder is { } holder || resource.DestroyedFor is not null)
        {
            schedule.Fail($"Resource {resource.Id} is {what}; it is lent to '{resource.Holder}', or was destroyed before.");
        }

        schedule.Reach();
    }

    private Task<TResult> LaterAsync<TResult>(Func<TResult> end, bool mayBeSlow = true)
    {
        if (!IsSlow || !mayBeSlow)
        {
            return Task.FromResult(end());
        }

        var ended = new TaskCompletionSource<TResult>();
        schedule.Queue(() =>
        {
            try
            {
                schedule.Reach();
                ended.SetResult(end());
            }
            catch (InvalidOperationException failure)
            {
                ended.SetException(failure);
            }
        });
        return ended.Task;
    }
}
