namespace Pepper.Resources.Providers;

/// <summary>One provider object in a manager's hands, and who holds it.</summary>
internal sealed class ProviderInstance
{
    private readonly TimeProvider _timeProvider;
    private readonly Action<ProviderInstance, Exception?> _onInvalidated;
    private SharedSlot _slot;

    internal ProviderInstance(
        IProvider provider, TimeProvider timeProvider, Action<ProviderInstance, Exception?> onInvalidated)
    {
        Provider = provider;
        _timeProvider = timeProvider;
        _onInvalidated = onInvalidated;
        _slot = NewSlot();
    }

    internal IProvider Provider { get; }

    /// <summary>
    /// Whether it was started, or may be so in part, and was not cleaned up since. The manager's, under the gate.
    /// </summary>
    internal bool NeedsCleanup { get; set; }

    /// <summary>A stage that was given up and may still run. The manager's, under the gate.</summary>
    internal Task? AbandonedWork { get; set; }

    /// <summary>Ends when it is closed and nobody holds it any more.</summary>
    internal Task Drained => Volatile.Read(ref _slot).Drained;

    internal SharedLoan? TryLend(CallSite callSite, out long token) =>
        Volatile.Read(ref _slot).TryLend(callSite, null, out token);

    internal void Close(string reason) => Volatile.Read(ref _slot).Close(reason);

    /// <summary>Lends it again after it was closed and drained.</summary>
    internal void Reopen() => Volatile.Write(ref _slot, NewSlot());

    /// <summary>
    /// Lends it again after it was closed, also while it is held from before: it is still the same that they hold. False when
    /// one of them found it broken.
    /// </summary>
    internal bool TryGoOn()
    {
        if (Volatile.Read(ref _slot).TryReopen())
        {
            return true;
        }

        if (IsBroken(out _))
        {
            return false;
        }

        Reopen();
        return true;
    }

    /// <summary>Whether a holder found it broken since it was lent anew.</summary>
    internal bool IsBroken(out Exception? cause) => Volatile.Read(ref _slot).IsBroken(out cause);

    internal IReadOnlyList<LeaseInfo> GetLeases() => Volatile.Read(ref _slot).GetLeases(Provider.Metadata.Name);

    private SharedSlot NewSlot() => new(
        Provider, $"provider '{Provider.Metadata.Name}'", null, _timeProvider, cause => _onInvalidated(this, cause));
}
