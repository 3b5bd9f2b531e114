using System.Globalization;

namespace Pepper.Resources;

/// <summary>What a manager keeps of one resource: the resource, who holds it, and how its beginning and its end went.</summary>
internal sealed class Registration
{
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _isEnding;

    internal Registration(
        Resource resource, long sequence, TimeProvider timeProvider, Action<Registration, Exception?> onInvalidated)
    {
        Resource = resource;
        Sequence = sequence;
        Type = resource.Metadata.Type.ToLabel();
        Slot = new SharedSlot(
            resource, $"resource '{resource.Metadata.Id}'", resource, timeProvider, cause => onInvalidated(this, cause));
    }

    internal Resource Resource { get; }

    /// <summary>Its place in the order of registration.</summary>
    internal long Sequence { get; }

    /// <summary>Under which its expiry is scheduled: not its id, which another may have before this one is put away.</summary>
    internal string ExpiryKey => Sequence.ToString(CultureInfo.InvariantCulture);

    internal string Type { get; }

    internal string Id => Resource.Metadata.Id;

    internal SharedSlot Slot { get; }

    /// <summary>Ends when the initialization has ended; false when it failed.</summary>
    internal Task Ready => _ready.Task;

    internal bool IsUsable { get; private set; }

    /// <summary>
    /// Its cleanup, from the moment when the slot is drained; its failure is a <see cref="ResourceException"/>.
    /// </summary>
    internal TaskCompletionSource Cleaned { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal void MarkReady(bool isUsable)
    {
        IsUsable = isUsable;
        _ready.TrySetResult();
    }

    /// <summary>True for the one who is to clean up.</summary>
    internal bool TryBeginEnd() => Interlocked.Exchange(ref _isEnding, 1) == 0;
}
