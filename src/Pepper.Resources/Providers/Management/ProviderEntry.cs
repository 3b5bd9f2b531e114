using System.Diagnostics;

namespace Pepper.Resources.Providers;

/// <summary>What a manager keeps under one name. Management takes turns by the gate; users see a consistent picture.</summary>
internal sealed class ProviderEntry(ProviderRegistration registration, long sequence, Task batch)
{
    private readonly Lock _lock = new();
    private ProviderInstance? _current;
    private ProviderInstance? _serving;
    private ProviderState _state = ProviderState.Created;
    private Exception? _failure;
    private bool _comesBack;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal ProviderRegistration Registration { get; } = registration;

    internal ProviderMetadata Metadata => Registration.Metadata;

    internal string Name => Metadata.Name;

    internal string Type { get; } = registration.Metadata.Type.ToLabel();

    /// <summary>Its place in the order of registration.</summary>
    internal long Sequence { get; } = sequence;

    /// <summary>Those it was registered with; ends when it is decided whether all of them stay.</summary>
    internal Task Batch { get; } = batch;

    /// <summary>One who manages it at a time.</summary>
    internal SemaphoreSlim Gate { get; } = new(1, 1);

    /// <summary>Under the manager's graph lock: it is on its way out, and nobody may come to depend on it.</summary>
    internal bool IsLeaving { get; set; }

    /// <summary>Under the gate: it is registered no more.</summary>
    internal bool IsGone { get; set; }

    /// <summary>Under the gate: providers that were swapped out and are not cleaned up yet.</summary>
    internal List<ProviderInstance> Retired { get; } = [];

    internal ProviderInstance? Current => Volatile.Read(ref _current);

    /// <summary>What can be lent just now, for the fast way.</summary>
    internal ProviderInstance? Serving => Volatile.Read(ref _serving);

    internal ProviderState State
    {
        get
        {
            lock (_lock)
            {
                AssertInvariants_NeedsLock();
                return _state;
            }
        }
    }

    /// <summary>All at one moment, and a task that ends when any of it changes.</summary>
    internal (ProviderInstance? Serving, ProviderState State, bool ComesBack, Exception? Failure, Task Changed) Read()
    {
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            return (_serving, _state, _comesBack, _failure, _changed.Task);
        }
    }

    /// <summary>Says where it stands from now on.</summary>
    /// <param name="state">The state.</param>
    /// <param name="current">The provider that it has.</param>
    /// <param name="serves">Whether that one is lent.</param>
    /// <param name="comesBack">Whether those who ask wait meanwhile, as it is to be lent again.</param>
    /// <param name="failure">Why it does not serve.</param>
    internal void Move(
        ProviderState state, ProviderInstance? current, bool serves, bool comesBack = false, Exception? failure = null)
    {
        TaskCompletionSource changed;
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            changed = Move_NeedsLock(state, current, serves, comesBack, failure);
        }

        changed.TrySetResult();
    }

    /// <summary>Says where it stands, and leaves what it lends as it is at that moment.</summary>
    internal void Keep(ProviderState ifServing, ProviderState ifNot, bool comesBack)
    {
        TaskCompletionSource changed;
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            var serves = _serving is not null;
            changed = Move_NeedsLock(serves ? ifServing : ifNot, _current, serves, comesBack && !serves, _failure);
        }

        changed.TrySetResult();
    }

    /// <summary>A holder found this provider broken: if it serves, nobody new gets it.</summary>
    internal bool TryFail(ProviderInstance instance, Exception? cause)
    {
        TaskCompletionSource changed;
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            if (!ReferenceEquals(_serving, instance))
            {
                return false;
            }

            // A reload that is under way goes on, and repairs it.
            changed = _state == ProviderState.Reloading
                ? Move_NeedsLock(_state, instance, serves: false, comesBack: true, cause)
                : Move_NeedsLock(ProviderState.Failed, instance, serves: false, comesBack: false, cause);
        }

        changed.TrySetResult();
        return true;
    }

    private TaskCompletionSource Move_NeedsLock(
        ProviderState state, ProviderInstance? current, bool serves, bool comesBack, Exception? failure)
    {
        var changed = _changed;
        _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _state = state;
        Volatile.Write(ref _current, current);
        Volatile.Write(ref _serving, serves ? current : null);
        _comesBack = comesBack;
        _failure = failure;

        // A field of ours, not the user's code.
        (current?.Provider as IManagedProvider)?.SetState(state);
        return changed;
    }

    [Conditional("DEBUG")]
    private void AssertInvariants_NeedsLock()
    {
        Debug.Assert(_lock.IsHeldByCurrentThread, "The lock must be held.");
        Debug.Assert(_serving is null || ReferenceEquals(_serving, _current), "What serves is what it has.");
        Debug.Assert(
            _serving is null || _state is ProviderState.Running or ProviderState.Reloading, "It serves only while it can.");
        Debug.Assert(!_changed.Task.IsCompleted, "Who waits for a change waits for the next.");
    }
}
