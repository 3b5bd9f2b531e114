namespace Pepper.Resources;

/// <summary>
/// What a manager keeps under one id: one resource, or one after the other where the manager makes them itself.
/// </summary>
internal sealed class RegistryEntry(string id, long sequence)
{
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile Registration? _current;

    internal string Id => id;

    /// <summary>Its place in the order of registration.</summary>
    internal long Sequence => sequence;

    /// <summary>The resource that is lent, or was lent last; null as long as none has been made.</summary>
    internal Registration? Current
    {
        get => _current;
        set => _current = value;
    }

    /// <summary>Makes the next resource when one is broken; null when there is to be no other. Set before it is ready.</summary>
    internal Healing? Healing { get; set; }

    /// <summary>Whether there is a resource now: not between a broken one and the next.</summary>
    internal bool HasResource =>
        IsUsable && Current is { } current && (Healing is null || current.Resource.State != ResourceState.Disposed);

    internal string Type => Current?.Type ?? "unknown";

    /// <summary>Ends when the first initialization has ended.</summary>
    internal Task Ready => _ready.Task;

    /// <summary>Whether the first initialization succeeded.</summary>
    internal bool IsUsable { get; private set; }

    /// <summary>Ends when the id is free.</summary>
    internal TaskCompletionSource Gone { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal void MarkReady(bool isUsable)
    {
        IsUsable = isUsable;
        _ready.TrySetResult();
    }
}
