namespace Pepper.Resources;

/// <summary>The states in the low byte of <see cref="LeaseSlot.Word"/>, and the arithmetic on a word.</summary>
internal static class SlotState
{
    /// <summary>Nothing is here.</summary>
    internal const long Vacant = 0;

    /// <summary>The keeper works on it (it creates, validates, resets or hands over); nobody else may touch it.</summary>
    internal const long Held = 1;

    /// <summary>Ready to be lent.</summary>
    internal const long Idle = 2;

    /// <summary>Lent.</summary>
    internal const long InUse = 3;

    /// <summary>Lent, and to be destroyed at its return.</summary>
    internal const long Doomed = 4;

    /// <summary>On its way out.</summary>
    internal const long Destroying = 5;

    internal const long StateMask = 0xFF;
    internal const long VersionStep = 0x100;

    internal static long Of(long word) => word & StateMask;

    internal static long VersionOf(long word) => word >> 8;

    /// <summary>The same version in another state.</summary>
    internal static long With(long word, long state) => (word & ~StateMask) | state;

    /// <summary>The next version, in the given state: what ends a loan.</summary>
    internal static long Next(long word, long state) => (word & ~StateMask) + VersionStep + state;

    /// <summary>The word of a loan whose item was marked as broken.</summary>
    internal static long Doom(long token) => With(token, Doomed);
}
