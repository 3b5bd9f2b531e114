using Pepper.Resources.Monitoring;

namespace Pepper.Resources.Providers;

/// <content>How providers go.</content>
public sealed partial class ProviderManager
{
    /// <summary>
    /// Stops a provider and forgets it: nobody new gets it, who holds it is waited for, then it is cleaned up. A reload that is
    /// under way ends first.
    /// </summary>
    /// <param name="name">The name of the provider.</param>
    /// <param name="cancellationToken">Ends the wait; the last holder's return cleans up.</param>
    /// <returns>Ends when it is cleaned up and the name is free.</returns>
    /// <exception cref="ProviderNotFoundException">No such provider.</exception>
    /// <exception cref="ProviderDependencyException">
    /// Others depend on it, and <see cref="ProviderManagerOptions.CascadeUnregister"/> is false: nothing was done.
    /// </exception>
    /// <exception cref="ResourceBusyException">
    /// It was held for longer than <see cref="ProviderManagerOptions.DrainTimeout"/>: the last holder's return cleans up.
    /// </exception>
    /// <exception cref="ProviderStageException">The cleanup failed: it stays registered, as failed.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="name"/> is null.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The manager is disposed.</exception>
    public async Task UnregisterAsync(string name, CancellationToken cancellationToken = default)
    {
        ProviderEntry? entry = null;
        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            entry = Find(name);
            var leaving = Leave(entry);
            var failures = await StopAllAsync(leaving, goOn: false, cancellationToken).ConfigureAwait(false);
            if (Array.Find(failures, static failure => failure is not null) is { } first)
            {
                System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(first);
            }
        }
        catch (Exception failure) when (failure is ProviderNotFoundException or ProviderDependencyException)
        {
            _monitor.RecordOperation("unregister", entry?.Type ?? "custom", success: false, name: name);
            ProviderLog.UnregisterFailed(_logger, name, failure.Message, failure);
            throw;
        }
    }

    /// <summary>
    /// Stops all providers, those first that depend on others, and forgets them. Goes on past failures. The manager can be used
    /// again afterwards.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait; the last holders' returns clean up.</param>
    /// <returns>Ends when nothing is left but what failed.</returns>
    /// <exception cref="AggregateException">
    /// What failed, all together; a provider whose cleanup failed stays registered, as failed.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task CleanupAsync(CancellationToken cancellationToken = default)
    {
        List<ProviderEntry> all;
        lock (_graph)
        {
            AssertInvariants_NeedsLock();
            all = ProviderGraph.Sort([.. Ordered()]);
            all.Reverse();
            all.ForEach(static entry => entry.IsLeaving = true);
        }

        var failures = await StopAllAsync(all, goOn: true, cancellationToken).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        List<Exception> real = [.. failures.OfType<Exception>()];
        if (real.Count > 0)
        {
            throw new AggregateException($"{real.Count} of {all.Count} providers could not be cleaned up.", real);
        }
    }

    /// <summary>
    /// Stops all providers like <see cref="CleanupAsync"/>, and takes no more. Does not throw; what fails is logged. Twice is
    /// harmless: both calls wait.
    /// </summary>
    /// <returns>Ends when nothing is left but what failed or is still held.</returns>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
        {
            try
            {
                await CleanupAsync(CancellationToken.None).ConfigureAwait(false);
            }
            catch (AggregateException)
            {
                // Logged where it came from.
            }

            _disposal.TrySetResult();
        }

        await _disposal.Task.ConfigureAwait(false);
    }

    /// <summary>Marks it, and those that depend on it, as leaving; gives them in the order in which they go.</summary>
    private List<ProviderEntry> Leave(ProviderEntry entry)
    {
        lock (_graph)
        {
            AssertInvariants_NeedsLock();
            HashSet<ProviderEntry> leaving = [entry];
            var open = new Queue<ProviderEntry>(leaving);
            while (open.TryDequeue(out var next))
            {
                foreach (var dependant in _dependants.GetValueOrDefault(next.Name, []).Where(leaving.Add))
                {
                    open.Enqueue(dependant);
                }
            }

            if (leaving.Count > 1 && !_options.CascadeUnregister)
            {
                List<string> names = [.. leaving.Skip(1).Select(static other => other.Name)];
                throw new ProviderDependencyException(
                    $"Provider '{entry.Name}' cannot be unregistered: '{string.Join("', '", names)}' "
                    + $"depend(s) on it, and {nameof(_options.CascadeUnregister)} is false.", entry.Name, names);
            }

            var sorted = ProviderGraph.Sort(leaving);
            sorted.Reverse();
            sorted.ForEach(static one => one.IsLeaving = true);
            return sorted;
        }
    }

    /// <summary>Stops them in the order given, as much at once as dependencies allow. Never throws.</summary>
    private Task<Exception?[]> StopAllAsync(List<ProviderEntry> ordered, bool goOn, CancellationToken cancellationToken) =>
        ProviderGraph.RunAsync(
            ordered, entry => ProviderGraph.DependantsOf(entry, ordered), async (entry, earlier) =>
            {
                if (earlier is null || goOn)
                {
                    return await StopAsync(entry, cancellationToken).ConfigureAwait(false);
                }

                StayOn(entry);
                return earlier;
            });

    private async Task<Exception?> StopAsync(ProviderEntry entry, CancellationToken cancellationToken)
    {
        var started = _timeProvider.GetTimestamp();
        try
        {
            await entry.Gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException canceled)
        {
            StayOn(entry);
            return canceled;
        }

        try
        {
            if (!entry.IsGone)
            {
                await StopUnderGateAsync(entry, cancellationToken).ConfigureAwait(false);
                Forget(entry);
                Record(entry, "unregister", success: true, started);
                ProviderLog.Unregistered(_logger, entry.Name);
            }

            return null;
        }
        catch (Exception failure)
        {
            Record(entry, "unregister", success: false, started);
            ProviderLog.UnregisterFailed(_logger, entry.Name, FailureText.Of(failure), failure);
            return failure;
        }
        finally
        {
            entry.Gate.Release();
        }
    }

    private async Task StopUnderGateAsync(ProviderEntry entry, CancellationToken cancellationToken)
    {
        var current = entry.Current;
        entry.Move(ProviderState.Draining, current, serves: false);
        ProviderInstance[] instances =
            [.. entry.Retired, .. current is { NeedsCleanup: true } started ? [started] : Array.Empty<ProviderInstance>()];
        List<Exception> failures = [];
        foreach (var instance in instances)
        {
            instance.Close("unregistered");
        }

        foreach (var instance in instances)
        {
            try
            {
                await WaitForHoldersAsync(entry, instance, "nobody new gets it", cancellationToken).ConfigureAwait(false);
                await CleanUpRetiredAsync(entry, instance).ConfigureAwait(false);
            }
            catch (ProviderStageException failure)
            {
                failures.Add(failure);
            }
            catch (Exception)
            {
                // Still held: whoever gives it back last has it cleaned up.
                _ = StopWhenDrainedAsync(entry, instance);
                throw;
            }
        }

        if (failures.Count > 0)
        {
            entry.Move(ProviderState.Failed, current, serves: false, failure: failures[0]);
            StayOn(entry);
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failures[0]);
        }
    }

    private async Task StopWhenDrainedAsync(ProviderEntry entry, ProviderInstance instance)
    {
        await instance.Drained.ConfigureAwait(false);
        await StopAsync(entry, CancellationToken.None).ConfigureAwait(false);
    }

    private void StayOn(ProviderEntry entry)
    {
        lock (_graph)
        {
            AssertInvariants_NeedsLock();
            entry.IsLeaving = false;
        }
    }

    private void Forget(ProviderEntry entry)
    {
        entry.IsGone = true;
        lock (_graph)
        {
            AssertInvariants_NeedsLock();
            _entries.TryRemove(KeyValuePair.Create(entry.Name, entry));
            foreach (var name in entry.Metadata.DependsOn)
            {
                if (_dependants.TryGetValue(name, out var dependants) && dependants.Remove(entry) && dependants.Count == 0)
                {
                    _dependants.Remove(name);
                }
            }
        }

        entry.Move(ProviderState.Stopped, entry.Current, serves: false);
    }

    private async Task WaitForHoldersAsync(
        ProviderEntry entry, ProviderInstance instance, string meanwhile, CancellationToken cancellationToken)
    {
        try
        {
            await instance.Drained.WaitAsync(_options.DrainTimeout, _timeProvider, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is TimeoutException or OperationCanceledException)
        {
            if (entry.Retired.Contains(instance))
            {
                _ = CleanUpWhenDrainedAsync(entry, instance);
            }

            if (failure is OperationCanceledException)
            {
                throw;
            }

            var holders = instance.GetLeases();
            var names = string.Join("; ", holders.Take(5));
            ProviderLog.StillHeld(_logger, entry.Name, _options.DrainTimeout, names);
            throw new ResourceBusyException(
                $"Provider '{entry.Name}' is still held by {holders.Count} after DrainTimeout ({_options.DrainTimeout}), "
                + $"{meanwhile}: {names}", holders, entry.Name, ResourceType.Custom);
        }
    }

    private async Task CleanUpWhenDrainedAsync(ProviderEntry entry, ProviderInstance instance)
    {
        await instance.Drained.ConfigureAwait(false);
        await entry.Gate.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            await CleanUpRetiredAsync(entry).ConfigureAwait(false);
        }
        finally
        {
            entry.Gate.Release();
        }
    }

    private async Task WaitForAbandonedAsync(ProviderEntry entry, ProviderInstance instance)
    {
        if (instance.AbandonedWork is not { } work)
        {
            return;
        }

        try
        {
            await work.WaitAsync(_options.CleanupTimeout, _timeProvider).ConfigureAwait(false);
        }
        catch (TimeoutException) when (!work.IsCompleted)
        {
            throw new ProviderStageException(
                $"Provider '{entry.Name}': work that was abandoned earlier still runs after CleanupTimeout "
                + $"({_options.CleanupTimeout}).", entry.Name, ProviderStage.Cleanup);
        }
        catch (Exception)
        {
            // How it ended is no news.
        }

        instance.AbandonedWork = null;
    }

    private async Task CleanUpAsync(ProviderEntry entry, ProviderInstance instance)
    {
        if (!instance.NeedsCleanup)
        {
            return;
        }

        await WaitForAbandonedAsync(entry, instance).ConfigureAwait(false);
        await _stages.RunAsync(
            entry.Name, ProviderStage.Cleanup, instance, instance.Provider.CleanupAsync, CancellationToken.None)
            .ConfigureAwait(false);
        instance.NeedsCleanup = false;
    }
}
