using Pepper.Resources.Monitoring;

namespace Pepper.Resources;

/// <content>How resources end: released, expired, invalidated, or with the manager.</content>
public sealed partial class ResourceManager
{
    /// <summary>A failed registration leaves nothing behind: what was half made is cleaned up, and then the id is free.</summary>
    private async Task UndoAsync(Registration registration, Exception failure)
    {
        registration.Slot.Close("failed");
        await CleanUpAsync(registration.Resource).ConfigureAwait(false);
        _monitor.RecordFailure("register", registration.Type, CauseOf(failure));
        ResourceLog.RegistrationFailed(_logger, registration.Id, registration.Type, failure.Message, failure);
        Forget(registration.Entry);
        registration.Entry.MarkReady(isUsable: false);
    }

    private void OnInvalidated(Registration registration, Exception? cause)
    {
        registration.Entry.Healing?.Break(registration);
        ResourceLog.Invalidated(_logger, registration.Id, registration.Type, cause);
        EndInBackground(registration);
    }

    /// <summary>On nobody's flow: who made the end come is not who cleans up.</summary>
    private void EndInBackground(Registration registration) => ThreadPool.UnsafeQueueUserWorkItem(
        static state => _ = state.Manager.EndWhenDrainedAsync(state.Registration), (Manager: this, Registration: registration),
        preferLocal: false);

    /// <summary>
    /// Nobody new gets it from now on, and no other is made. Null when there is none whose end could be waited for: then the id
    /// is free when the entry has gone.
    /// </summary>
    private Registration? BeginRelease(RegistryEntry entry, string reason)
    {
        var registration = entry.Healing is { } healing ? healing.End() : entry.Current;
        if (registration is not null)
        {
            registration.Slot.Close(reason);
            _ = EndWhenDrainedAsync(registration);
        }

        return registration;
    }

    private async Task WaitForHoldersAsync(Registration registration, TimeSpan timeout, CancellationToken cancellationToken)
    {
        try
        {
            await registration.Slot.Drained.WaitAsync(timeout, _timeProvider, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            var holders = registration.Slot.GetLeases(registration.Id);
            if (holders.Count == 0)
            {
                return;
            }

            var names = string.Join("; ", holders.Take(5));
            ResourceLog.StillHeld(_logger, registration.Id, registration.Type, timeout.TotalSeconds, names);
            throw new ResourceBusyException(
                $"Resource '{registration.Id}' is still held by {holders.Count} after ReleaseTimeout ({timeout}): {names}. "
                + "Nobody new gets it, and its last holder's return cleans up.",
                holders, registration.Id, registration.Resource.Metadata.Type);
        }
    }

    /// <summary>However many ask for the end, it comes once: after the last holder.</summary>
    private async Task EndWhenDrainedAsync(Registration registration)
    {
        await registration.Slot.Drained.ConfigureAwait(false);
        if (registration.TryBeginEnd())
        {
            await EndAsync(registration).ConfigureAwait(false);
        }
    }

    private static bool TryExpire(Registration registration) =>
        registration.Resource.IsExpired && registration.Slot.TryCloseIfIdle(Expired, () => registration.Resource.IsExpired);

    /// <summary>Null when the resource has not expired, or somebody holds it, or it is ending already.</summary>
    private Task? EndIfExpired(Registration registration) => TryExpire(registration) ? EndExpiredAsync(registration) : null;

    private async Task EndExpiredAsync(Registration registration)
    {
        try
        {
            _ = EndWhenDrainedAsync(registration);
            await registration.Cleaned.Task.ConfigureAwait(false);
        }
        catch (ResourceException)
        {
            // Logged where it came from; the others are to expire all the same.
        }
    }

    private async Task EndAsync(Registration registration)
    {
        var started = _timeProvider.GetTimestamp();
        var failure = await TryCleanUpAsync(registration.Resource).ConfigureAwait(false);
        var time = _timeProvider.GetElapsedTime(started);
        _monitor.RecordCleanup(registration.Type, registration.Slot.Reason);
        if (failure is null)
        {
            _monitor.RecordOperation("release", registration.Type, success: true, time);
            ResourceMonitor.Record(_monitor.Instruments.CleanupDuration, time, "type", registration.Type);
            ResourceLog.CleanedUp(_logger, registration.Id, registration.Type, registration.Slot.Reason);
        }
        else
        {
            _monitor.RecordFailure("release", registration.Type, CauseOf(failure));
            ResourceLog.CleanupFailed(_logger, registration.Id, failure.Message, failure);
        }

        // First what is seen of it, then the id: who finds the id free finds the rest done.
        _expiry.Cancel(registration.ExpiryKey);
        if (!registration.IsBroken || registration.Entry.Healing?.TryBeginAgain() is not true)
        {
            Forget(registration.Entry);
        }

        if (failure is null)
        {
            registration.Cleaned.TrySetResult();
            return;
        }

        registration.Cleaned.TrySetException(failure);

        // Whoever waits gets it; when nobody does, the log has it, and it must not come back as an unobserved exception.
        _ = registration.Cleaned.Task.Exception;
    }

    /// <summary>Never throws; gives what went wrong. A cleanup that takes too long is left to itself.</summary>
    private async Task<ResourceException?> TryCleanUpAsync(Resource resource)
    {
        var (id, type) = (resource.Metadata.Id, resource.Metadata.Type);
        var cleanup = resource.DisposeAsync().AsTask();
        try
        {
            await cleanup.WaitAsync(_options.CleanupTimeout, _timeProvider).ConfigureAwait(false);
            return null;
        }
        catch (TimeoutException timeout)
        {
            _ = LogLateFailureAsync(id, cleanup);
            return new ResourceTimeoutException(
                $"Resource '{id}' was not cleaned up within CleanupTimeout ({_options.CleanupTimeout}). It is forgotten.",
                ResourceStage.Destroy, _options.CleanupTimeout, id, type, timeout);
        }
        catch (Exception thrown)
        {
            return thrown as ResourceCleanupException ?? new ResourceCleanupException(
                $"Resource '{id}' ({type.ToLabel()}) could not be cleaned up: {thrown.Message}", id, type, thrown);
        }
    }

    private async Task LogLateFailureAsync(string id, Task cleanup)
    {
        try
        {
            await cleanup.ConfigureAwait(false);
        }
        catch (Exception late)
        {
            ResourceLog.CleanupFailed(_logger, id, late.Message, late);
        }
    }

    internal void Forget(RegistryEntry entry)
    {
        entry.Healing?.End();
        _entries.TryRemove(KeyValuePair.Create(entry.Id, entry));
        if (entry.Current is { } registration)
        {
            _expiry.Cancel(registration.ExpiryKey);
        }

        RemoveSourceWhenDone();
        entry.Gone.TrySetResult();
    }

    /// <summary>A manager is seen as long as it has resources, also those that are held beyond its disposal.</summary>
    private void RemoveSourceWhenDone()
    {
        if (Volatile.Read(ref _isDisposed) != 0 && _entries.IsEmpty)
        {
            _monitor.Sources.Remove(_source);
        }
    }

    private static Exception CauseOf(Exception failure) =>
        failure is ResourceInitializationException or ResourceCleanupException && failure.InnerException is { } inner
            ? CauseOf(inner)
            : failure;

    private async Task DisposeOnceAsync()
    {
        var started = _timeProvider.GetTimestamp();
        await _expiry.DisposeAsync().ConfigureAwait(false);
        foreach (var entry in _entries.Values.Where(static entry => entry.IsUsable))
        {
            entry.Healing?.End();
        }

        foreach (var entry in _entries.Values.OrderByDescending(static entry => entry.Sequence))
        {
            await ReleaseForDisposalAsync(entry, started).ConfigureAwait(false);
        }

        RemoveSourceWhenDone();
        _disposal.TrySetResult();
    }

    private async Task ReleaseForDisposalAsync(RegistryEntry entry, long started)
    {
        try
        {
            await entry.Ready.WaitAsync(TimeLeft(started), _timeProvider).ConfigureAwait(false);
            if (!entry.IsUsable)
            {
                return;
            }

            if (BeginRelease(entry, "disposed") is { } registration)
            {
                await WaitForHoldersAsync(registration, TimeLeft(started), CancellationToken.None).ConfigureAwait(false);
                await registration.Cleaned.Task.ConfigureAwait(false);
            }
            else
            {
                await entry.Gone.Task.WaitAsync(TimeLeft(started), _timeProvider).ConfigureAwait(false);
            }
        }
        catch (TimeoutException)
        {
            ResourceLog.StillBeginning(_logger, entry.Id, entry.Type, _options.ReleaseTimeout.TotalSeconds);
        }
        catch (ResourceException)
        {
            // Logged where it came from; the others are to be released all the same.
        }
    }

    private TimeSpan TimeLeft(long started)
    {
        if (_options.ReleaseTimeout == Timeout.InfiniteTimeSpan)
        {
            return Timeout.InfiniteTimeSpan;
        }

        var left = _options.ReleaseTimeout - _timeProvider.GetElapsedTime(started);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    /// <summary>Each resource that can expire has one entry in the scheduler, which looks when its time could be over.</summary>
    private void ScheduleExpiry(Registration registration)
    {
        if (registration.Resource.Metadata.TimeToLive is not { } timeToLive || registration.Slot.IsClosed)
        {
            return;
        }

        var left = timeToLive - registration.Resource.SinceLastUse;
        var delay = registration.Slot.Count > 0 || left < TimeSpan.Zero ? timeToLive : left;
        try
        {
            _expiry.Schedule(registration.ExpiryKey, delay, async _ =>
            {
                if (EndIfExpired(registration) is { } end)
                {
                    await end.ConfigureAwait(false);
                }
                else
                {
                    ScheduleExpiry(registration);
                }
            });
        }
        catch (ObjectDisposedException)
        {
            // The manager is being disposed, which releases this one too.
        }
    }

    /// <summary>What the monitor reads. It is a type of its own, as the manager's interfaces are public.</summary>
    private sealed class Source(ResourceManager manager) : IResourceSource
    {
        public IReadOnlyList<ResourceCount> CountResources() =>
        [
            .. manager._entries.Values
                .Where(static entry => entry.HasResource)
                .Select(static entry => entry.Current!)
                .GroupBy(static registration => registration.Type)
                .Select(rows => new ResourceCount(
                    rows.Key, manager._options.Name, rows.Count(),
                    rows.Count(static registration => registration.Slot.Count > 0))),
        ];

        public PoolReading? ReadPool() => null;
    }
}
