using System.Diagnostics;

namespace Pepper.Resources;

/// <summary>
/// The states of one resource and their legal changes. Each method makes one change if the table allows it from the present
/// state and says whether it did; none throws, and of any number of threads that try the same change at once exactly one
/// succeeds.
/// </summary>
/// <remarks>
/// Created → Initialized | Failed | Disposed; Initialized, Idle → InUse | Failed | Disposed; InUse → Idle | Failed;
/// Failed → Initialized (recover) | Disposed. Disposed is the end.
/// </remarks>
[DebuggerDisplay("{State}")]
public sealed class ResourceLifecycle
{
    private int _state = (int)ResourceState.Created;

    /// <summary>The present state.</summary>
    public ResourceState State => (ResourceState)Volatile.Read(ref _state);

    /// <summary>Created → Initialized.</summary>
    /// <returns>Whether the change was made.</returns>
    public bool TryInitialize() => TryMove(ResourceTransitions.Initialize);

    /// <summary>Initialized or Idle → InUse.</summary>
    /// <returns>Whether the change was made.</returns>
    public bool TryAcquire() => TryMove(ResourceTransitions.Acquire);

    /// <summary>InUse → Idle.</summary>
    /// <returns>Whether the change was made.</returns>
    public bool TryRelease() => TryMove(ResourceTransitions.Release);

    /// <summary>Any state but Failed and Disposed → Failed.</summary>
    /// <returns>Whether the change was made.</returns>
    public bool TryFail() => TryMove(ResourceTransitions.Fail);

    /// <summary>Failed → Initialized.</summary>
    /// <returns>Whether the change was made.</returns>
    public bool TryRecover() => TryMove(ResourceTransitions.Recover);

    /// <summary>Any state but InUse and Disposed → Disposed.</summary>
    /// <returns>Whether the change was made.</returns>
    public bool TryDispose() => TryMove(ResourceTransitions.Dispose);

    private bool TryMove(ResourceTransition transition)
    {
        var seen = Volatile.Read(ref _state);
        while (transition.IsLegalFrom((ResourceState)seen))
        {
            var before = Interlocked.CompareExchange(ref _state, (int)transition.To, seen);
            if (before == seen)
            {
                return true;
            }

            seen = before;
        }

        return false;
    }
}
