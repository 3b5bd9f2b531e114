using Pepper.Resources.Monitoring;

namespace Pepper.Resources;

/// <content>How resources end: released, expired, invalidated, or with the manager.</content>
public sealed partial class ResourceManager
{
    /// <summary>A failed registration leaves nothing behind: what was half made is cleaned up, and then the id is free.</summary>
    private async Task UndoAsync(Registration registration, Exception failure, long started)
    {
        registration.Slot.Close();
        try
        {
            await registration.Resource.DisposeAsync().AsTask()
                .WaitAsync(_options.CleanupTimeout, _timeProvider).ConfigureAwait(false);
        }
        catch (Exception second)
        {
            ResourceLog.CleanupFailed(_logger, registration.Id, second.Message, second);
        }

        _registrations.TryRemove(KeyValuePair.Create(registration.Id, registration));
        registration.MarkReady(isUsable: false);
        _monitor.RecordOperation("register", registration.Type, success: false, _timeProvider.GetElapsedTime(started));
        _monitor.RecordError("register", registration.Type, failure.InnerException ?? failure);
        ResourceLog.RegistrationFailed(_logger, registration.Id, registration.Type, failure.Message, failure);
    }

    private void OnInvalidated(Registration registration, Exception? cause)
    {
        ResourceLog.Invalidated(_logger, registration.Id, registration.Type, cause);
        registration.Reason = "invalidated";
        _ = EndWhenDrainedAsync(registration);
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

    /// <summary>Null when the resource has not expired, or somebody holds it, or it is ending already.</summary>
    private Task? EndIfExpired(Registration registration)
    {
        if (!registration.Resource.IsExpired || !registration.Slot.TryCloseIfIdle(() => registration.Resource.IsExpired))
        {
            return null;
        }

        registration.Reason = "expired";
        return EndWhenDrainedAsync(registration);
    }

    private async Task EndAsync(Registration registration)
    {
        var started = _timeProvider.GetTimestamp();
        ResourceException? failure = null;
        try
        {
            await registration.Resource.DisposeAsync().AsTask()
                .WaitAsync(_options.CleanupTimeout, _timeProvider).ConfigureAwait(false);
        }
        catch (TimeoutException timeout)
        {
            failure = new ResourceTimeoutException(
                $"Resource '{registration.Id}' was not cleaned up within CleanupTimeout ({_options.CleanupTimeout}). It is forgotten.",
                ResourceStage.Destroy, _options.CleanupTimeout, registration.Id, registration.Resource.Metadata.Type, timeout);
        }
        catch (Exception thrown)
        {
            failure = thrown as ResourceCleanupException ?? new ResourceCleanupException(
                $"Resource '{registration.Id}' ({registration.Type}) could not be cleaned up: {thrown.Message}",
                registration.Id, registration.Resource.Metadata.Type, thrown);
        }

        _registrations.TryRemove(KeyValuePair.Create(registration.Id, registration));
        if (Volatile.Read(ref _isDisposed) == 0)
        {
            _expiry.Cancel(registration.Id);
        }

        Report(registration, failure, _timeProvider.GetElapsedTime(started));
    }

    private void Report(Registration registration, ResourceException? failure, TimeSpan time)
    {
        _monitor.RecordOperation("release", registration.Type, failure is null, time);
        _monitor.RecordCleanup(registration.Type, registration.Reason);
        if (failure is null)
        {
            ResourceMonitor.Record(_monitor.Instruments.CleanupDuration, time, "type", registration.Type);
            ResourceLog.CleanedUp(_logger, registration.Id, registration.Type, registration.Reason);
            registration.Cleaned.TrySetResult();
            return;
        }

        _monitor.RecordError("cleanup", registration.Type, failure.InnerException ?? failure);
        ResourceLog.CleanupFailed(_logger, registration.Id, failure.Message, failure);
        registration.Cleaned.TrySetException(failure);

        // Whoever waits gets it; when nobody does, the log has it, and it must not come back as an unobserved exception.
        _ = registration.Cleaned.Task.Exception;
    }

    private async Task ReleaseForDisposalAsync(Registration registration, TimeSpan timeout)
    {
        try
        {
            await registration.Ready.ConfigureAwait(false);
            if (registration.IsUsable)
            {
                registration.Reason = registration.Slot.Close() ? "disposed" : registration.Reason;
                _ = EndWhenDrainedAsync(registration);
                await WaitForHoldersAsync(registration, timeout, CancellationToken.None).ConfigureAwait(false);
                await registration.Cleaned.Task.ConfigureAwait(false);
            }
        }
        catch (ResourceException)
        {
            // Logged where it came from; the others are to be released all the same.
        }
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
            _expiry.Schedule(registration.Id, delay, async _ =>
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
            .. manager._registrations.Values
                .Where(static registration => registration.IsUsable)
                .GroupBy(static registration => registration.Type)
                .Select(rows => new ResourceCount(
                    rows.Key, manager._options.Name, rows.Count(), rows.Count(static registration => registration.Slot.Count > 0))),
        ];

        public PoolReading? ReadPool() => null;
    }
}
