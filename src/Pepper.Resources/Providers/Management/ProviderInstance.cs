namespace Pepper.Resources.Providers;

/// <summary>One provider object in a manager's hands, and who holds it.</summary>
internal sealed class ProviderInstance
{
    private readonly TimeProvider _timeProvider;
    private readonly Action<ProviderInstance, Exception?> _onInvalidated;
    private SharedSlot _slot;
    private Task _earlier = Task.CompletedTask;

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

    /// <summary>A cleanup that was given up and may still run.</summary>
    internal Task? AbandonedWork { get; set; }

    /// <summary>Ends when it is closed and nobody holds it any more.</summary>
    internal Task Drained
    {
        get
        {
            var slot = Volatile.Read(ref _slot);
            return _earlier.IsCompleted ? slot.Drained : Task.WhenAll(_earlier, slot.Drained);
        }
    }

    internal SharedLoan? TryLend(CallSite callSite, out long token) =>
        Volatile.Read(ref _slot).TryLend(callSite, null, out token);

    internal void Close(string reason) => Volatile.Read(ref _slot).Close(reason);

    /// <summary>
    /// Lends it again after it was closed. Those who hold it from before are waited for at its next end as well.
    /// </summary>
    internal void Reopen()
    {
        _earlier = Drained;
        Volatile.Write(ref _slot, NewSlot());
    }

    internal IReadOnlyList<LeaseInfo> GetLeases() => Volatile.Read(ref _slot).GetLeases(Provider.Metadata.Name);

    private SharedSlot NewSlot() => new(
        Provider, $"provider '{Provider.Metadata.Name}'", null, _timeProvider, cause => _onInvalidated(this, cause));
}
