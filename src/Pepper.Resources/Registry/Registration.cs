using System.Globalization;

namespace Pepper.Resources;

/// <summary>What a manager keeps of one resource: the resource, who holds it, and how its end went.</summary>
internal sealed class Registration
{
    private readonly long _number;
    private int _isEnding;

    internal Registration(
        RegistryEntry entry, Resource resource, long number, TimeProvider timeProvider,
        Action<Registration, Exception?> onInvalidated)
    {
        Entry = entry;
        Resource = resource;
        _number = number;
        Type = resource.Metadata.Type.ToLabel();
        Slot = new SharedSlot(
            resource, $"resource '{resource.Metadata.Id}'", resource, timeProvider, cause => onInvalidated(this, cause));
    }

    internal RegistryEntry Entry { get; }

    internal Resource Resource { get; }

    /// <summary>Under which its expiry is scheduled: not its id, which another may have before this one is put away.</summary>
    internal string ExpiryKey => _number.ToString(CultureInfo.InvariantCulture);

    internal string Type { get; }

    internal string Id => Resource.Metadata.Id;

    internal SharedSlot Slot { get; }

    /// <summary>Whether a holder found it broken.</summary>
    internal bool IsBroken => Slot is { IsClosed: true, Reason: SharedSlot.Invalidated };

    /// <summary>
    /// Its cleanup, from the moment when the slot is drained; its failure is a <see cref="ResourceException"/>.
    /// </summary>
    internal TaskCompletionSource Cleaned { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>True for the one who is to clean up.</summary>
    internal bool TryBeginEnd() => Interlocked.Exchange(ref _isEnding, 1) == 0;
}
