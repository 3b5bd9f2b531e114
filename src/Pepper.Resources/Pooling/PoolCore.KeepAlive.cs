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

            var seen = entry.SeenWord;
            if (SlotState.Of(seen) == SlotState.Idle
                && (entry.Factory?.Hooks & FactoryHooks.Validate) == FactoryHooks.Validate
                && TimeProvider.GetElapsedTime(Math.Max(entry.SeenAt, entry.CheckedAt), now) >= _options.KeepAliveInterval
                && entry.TryMove(seen, SlotState.With(seen, SlotState.Held)))
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
            entry.CheckedAt = TimeProvider.GetTimestamp();
            _keepingAlive--;
        }

        if (entry.IsFit)
        {
            Offer(entry);
        }
        else
        {
            Discard(entry, DestroyReason.ValidationFailed);
        }
    }
}
