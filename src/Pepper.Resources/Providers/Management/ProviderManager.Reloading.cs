using Pepper.Resources.Monitoring;

namespace Pepper.Resources.Providers;

/// <content>How providers are reloaded.</content>
public sealed partial class ProviderManager
{
    /// <summary>
    /// Reloads a provider. One that was registered with a way to make it: another is made and started while the old one serves,
    /// then takes over at once; the old one is cleaned up after its last holder. When anything fails before that, the old one
    /// goes on. One that was registered as it is: its holders are waited for, and it is reloaded in place; those who ask for it
    /// meanwhile wait. Reloads of one provider take turns.
    /// </summary>
    /// <param name="name">The name of the provider.</param>
    /// <param name="cancellationToken">Ends the reload: the old one goes on. Too late, it ends the wait for the cleanup.</param>
    /// <returns>Ends when the new one serves and the old one is cleaned up.</returns>
    /// <exception cref="ProviderNotFoundException">No such provider.</exception>
    /// <exception cref="ProviderUnavailableException">It is being unregistered.</exception>
    /// <exception cref="ProviderStageException">
    /// A stage failed; it says which, and its inner exception why. When it is the cleanup the new one serves, and the cleanup
    /// of the old one is tried again at the next occasion.
    /// </exception>
    /// <exception cref="ResourceBusyException">
    /// It was held for longer than <see cref="ProviderManagerOptions.DrainTimeout"/>. In place: the old one goes on. Else the new
    /// one serves, and the last holder's return cleans up the old one.
    /// </exception>
    /// <exception cref="ArgumentNullException"><paramref name="name"/> is null.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The manager is disposed.</exception>
    public async Task ReloadProviderAsync(string name, CancellationToken cancellationToken = default)
    {
        var started = _timeProvider.GetTimestamp();
        ProviderEntry? entry = null;
        try
        {
            entry = Find(name);
            await entry.Gate.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                ThrowIfLeaving(entry);
                await CleanUpRetiredAsync(entry).ConfigureAwait(false);
                await (entry.Registration.MakesNew ? SwapAsync(entry, cancellationToken) : ReloadInPlaceAsync(entry,
                    cancellationToken))
                    .ConfigureAwait(false);
            }
            finally
            {
                entry.Gate.Release();
            }

            Record(entry, "reload", success: true, started);
            ProviderLog.Reloaded(_logger, name, entry.State.ToString());
        }
        catch (Exception failure) when (failure is not (ArgumentNullException or ObjectDisposedException))
        {
            _monitor.RecordOperation("reload", entry?.Type ?? "custom", success: false, name: name);
            ProviderLog.ReloadFailed(_logger, name, FailureText.Of(failure), failure);
            throw;
        }
    }

    private void ThrowIfLeaving(ProviderEntry entry)
    {
        if (entry.IsGone)
        {
            throw NotFound(entry.Name);
        }

        lock (_graph)
        {
            AssertInvariants_NeedsLock();
            if (entry.IsLeaving)
            {
                throw new ProviderUnavailableException(
                    $"Provider '{entry.Name}' is being unregistered.", entry.Name, ProviderState.Draining);
            }
        }
    }

    private async Task SwapAsync(ProviderEntry entry, CancellationToken cancellationToken)
    {
        var old = entry.Current!;
        var before = entry.State;
        entry.Keep(ProviderState.Reloading, ProviderState.Reloading, comesBack: true);
        ProviderInstance? fresh = null;
        try
        {
            fresh = await BuildAsync(entry, cancellationToken).ConfigureAwait(false);
            if (fresh.Provider.IsEnabled)
            {
                (fresh.Provider as IManagedProvider)?.SetState(ProviderState.Starting);
                await WaitForDependenciesAsync(entry, cancellationToken).ConfigureAwait(false);
                await StartAsync(entry, fresh, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (Exception)
        {
            (fresh?.Provider as IManagedProvider)?.SetState(ProviderState.Stopped);
            await DiscardAsync(entry, fresh).ConfigureAwait(false);

            // What a holder found broken meanwhile does not come back.
            entry.Keep(
                ProviderState.Running, before is ProviderState.Created ? before : ProviderState.Failed, comesBack: false);
            throw;
        }

        var isEnabled = fresh.Provider.IsEnabled;
        entry.Move(isEnabled ? ProviderState.Running : ProviderState.Created, fresh, isEnabled);
        (old.Provider as IManagedProvider)?.SetState(ProviderState.Draining);
        old.Close("reloaded");
        if (old.NeedsCleanup)
        {
            entry.Retired.Add(old);
            await WaitForHoldersAsync(entry, old, "the new one serves", cancellationToken).ConfigureAwait(false);
            await CleanUpRetiredAsync(entry, old).ConfigureAwait(false);
        }
    }

    private async Task ReloadInPlaceAsync(ProviderEntry entry, CancellationToken cancellationToken)
    {
        var instance = entry.Current!;
        var before = entry.Read();
        if (!instance.Provider.IsEnabled)
        {
            return;
        }

        await _stages.RunAsync(
            entry.Name, ProviderStage.Validate, null, instance.Provider.ValidateAsync, cancellationToken).ConfigureAwait(false);
        entry.Move(ProviderState.Draining, instance, serves: false, comesBack: true, before.Failure);
        instance.Close("reloaded");
        try
        {
            await WaitForHoldersAsync(entry, instance, "it goes on as it was", cancellationToken).ConfigureAwait(false);
        }
        catch (Exception)
        {
            if (before.Serving is null)
            {
                entry.Move(before.State, instance, serves: false, failure: before.Failure);
            }
            else
            {
                GoOn(entry, instance, before.Failure);
            }

            throw;
        }

        entry.Move(ProviderState.Reloading, instance, serves: false, comesBack: true);
        try
        {
            await WaitForAbandonedAsync(entry, instance).ConfigureAwait(false);
            await WaitForDependenciesAsync(entry, cancellationToken).ConfigureAwait(false);
            instance.NeedsCleanup = true;
            await _stages.RunAsync(
                entry.Name, ProviderStage.Initialize, instance, instance.Provider.ReloadAsync, cancellationToken)
                .ConfigureAwait(false);
            await CheckStartedAsync(entry, instance, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            await DiscardAsync(entry, instance).ConfigureAwait(false);
            entry.Move(ProviderState.Failed, instance, serves: false, failure: failure);
            throw;
        }

        instance.Reopen();
        entry.Move(ProviderState.Running, instance, serves: true);
    }

    /// <summary>Lends again what was closed for a reload that gave up, unless a holder found it broken meanwhile.</summary>
    private void GoOn(ProviderEntry entry, ProviderInstance instance, Exception? failure)
    {
        if (!instance.TryGoOn())
        {
            _ = instance.IsBroken(out var told);
            entry.Move(ProviderState.Failed, instance, serves: false, failure: told);
            ProviderLog.Invalidated(_logger, entry.Name, told is null ? "no cause given" : FailureText.Of(told), told);
            return;
        }

        entry.Move(ProviderState.Running, instance, serves: true, failure: failure);
        if (instance.IsBroken(out var cause))
        {
            // It was told between the two steps, when the entry did not serve it yet.
            entry.TryFail(instance, cause);
        }
    }

    /// <summary>Tries again what could not be cleaned up before, of what nobody holds any more.</summary>
    private async Task CleanUpRetiredAsync(ProviderEntry entry)
    {
        foreach (var instance in entry.Retired.Where(static one => one.Drained.IsCompleted).ToList())
        {
            try
            {
                await CleanUpRetiredAsync(entry, instance).ConfigureAwait(false);
            }
            catch (ProviderStageException failure)
            {
                ProviderLog.CleanupFailed(_logger, entry.Name, failure.Message, failure);
            }
        }
    }

    private async Task CleanUpRetiredAsync(ProviderEntry entry, ProviderInstance instance)
    {
        await CleanUpAsync(entry, instance).ConfigureAwait(false);
        entry.Retired.Remove(instance);
        (instance.Provider as IManagedProvider)?.SetState(ProviderState.Stopped);
    }
}
