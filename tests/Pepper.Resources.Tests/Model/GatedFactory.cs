using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Model;

/// <summary>What the factory makes: a number, that of its creation.</summary>
internal sealed record ModelItem(int Id);

/// <summary>A factory whose creations end when they are told to, or are cancelled. All else ends at once.</summary>
internal sealed class GatedFactory(bool hasHooks) : IResourceFactory<ModelItem>
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<int, TaskCompletionSource<ModelItem>> _pending = [];
    private readonly Dictionary<int, int> _destroyed = [];
    private readonly HashSet<DestroyReason> _reasons = [];
    private int _begun;
    private int _live;
    private string? _fault;

    public FactoryHooks Hooks { get; } = hasHooks ? FactoryHooks.All : FactoryHooks.None;

    /// <summary>How many may be live at most when a creation begins.</summary>
    internal int Limit { get; set; }

    public async ValueTask<ModelItem> CreateAsync(CreateContext context, CancellationToken cancellationToken)
    {
        var gate = new TaskCompletionSource<ModelItem>(TaskCreationOptions.RunContinuationsAsynchronously);
        int id;
        lock (_lock)
        {
            id = _begun++;
            _pending.Add(id, gate);
            if (++_live > Limit)
            {
                _fault = $"Creation {id} begins as number {_live} of at most {Limit} live resources.";
            }
        }

        using var registration = cancellationToken.UnsafeRegister(_ => End(id)?.TrySetCanceled(cancellationToken), null);
        try
        {
            return await gate.Task;
        }
        catch (Exception)
        {
            CountGone();
            throw;
        }
    }

    public ValueTask<bool> ValidateAsync(ModelItem resource, CancellationToken cancellationToken) => new(true);

    public ValueTask<bool> ResetAsync(ModelItem resource, CancellationToken cancellationToken) => new(true);

    public ValueTask DestroyAsync(ModelItem resource, DestroyReason reason, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            _live--;
            _reasons.Add(reason);
            if (!_destroyed.TryAdd(resource.Id, 1))
            {
                _fault = $"Resource {resource.Id} is destroyed twice.";
            }
        }

        return default;
    }

    /// <summary>Why resources were destroyed.</summary>
    internal IReadOnlyList<DestroyReason> Reasons
    {
        get
        {
            lock (_lock)
            {
                return [.. _reasons];
            }
        }
    }

    internal void Complete(int id) => End(id)!.SetResult(new ModelItem(id));

    internal void Fail(int id) => End(id)!.SetException(new InvalidOperationException($"Creation {id} failed."));

    /// <summary>The user has it now.</summary>
    internal void CountDetached() => CountGone();

    private void CountGone()
    {
        lock (_lock)
        {
            _live--;
        }
    }

    internal (IReadOnlyList<int> Pending, IReadOnlySet<int> Destroyed, string? Fault) Look()
    {
        lock (_lock)
        {
            return ([.. _pending.Keys], _destroyed.Keys.ToHashSet(), _fault);
        }
    }

    private TaskCompletionSource<ModelItem>? End(int id)
    {
        lock (_lock)
        {
            _pending.Remove(id, out var gate);
            return gate;
        }
    }
}
