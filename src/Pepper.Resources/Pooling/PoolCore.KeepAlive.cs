namespace Pepper.Resources.Pooling;

/// <content>
/// Validation of what is idle, so that a server does not forget a connection that nobody uses, and a broken one is found before
/// somebody asks for it. A validation is no use: a resource stays idle since when it was.
/// </content>
internal sealed partial class PoolCore
{
    private int _keepingAlive;

    /// <summary>
    /// Claims idle resources that are due, few at a time: a burst of callers is not to find all of them at the doctor's.
    /// </summary>
    private void ClaimForKeepAlive_NeedsLock(long now, List<PoolEntry> due)
    {
        if (!_validatesIdle || IsClosed)
        {
            return;
        }

        var most = Math.Min(_options.MaxConcurrentCreates, Math.Max(1, CountStates().Idle / 2)) - _keepingAlive;
        foreach (var entry in _entries)
        {
            if (due.Count >= most)
            {
                break;
            }

            var word = Volatile.Read(ref entry.Word);
            if (SlotState.Of(word) == SlotState.Idle
                && (entry.Factory.Hooks & FactoryHooks.Validate) != FactoryHooks.None
                && entry.TryGetAge(word, _clock.Now(), out var age)
                && TimeSpan.FromMilliseconds(age) >= _options.KeepAliveInterval
                && TimeProvider.GetElapsedTime(entry.NeedDetails().CheckedAt, now) >= _options.KeepAliveInterval
                && entry.TryMove(word, SlotState.With(word, SlotState.Held)))
            {
                entry.IsKeptAlive = true;
                due.Add(entry);
            }
        }

        _keepingAlive += due.Count;
    }

    private void StartKeepAlive(List<PoolEntry> due)
    {
        foreach (var entry in due)
        {
            // Not on the timer's thread: a validation may block before it awaits.
            BackgroundWork.Queue(
                static state => _ = state.Core.KeepAliveAsync(state.Entry), (Core: this, Entry: entry), preferLocal: false);
        }
    }

    private async Task KeepAliveAsync(PoolEntry entry)
    {
        entry.IsFit = true;
        await RunStageAsync(entry, ResourceStage.Validate).ConfigureAwait(false);
        using (_gate.Latch.EnterScope())
        {
            AssertInvariants_NeedsLock();
            entry.NeedDetails().CheckedAt = TimeProvider.GetTimestamp();
            _keepingAlive--;
        }

        if (entry.IsFit)
        {
            Offer(entry);
        }
        else
        {
            Discard(entry, DestroyReason.ValidationFailed);

            // Who waited for this one, as creations rest, may wait in vain now.
            EnsureSupply();
        }
    }
}
