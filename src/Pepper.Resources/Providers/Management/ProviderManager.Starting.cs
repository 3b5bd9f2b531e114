using System.Runtime.InteropServices;
using Pepper.Resources.Monitoring;

namespace Pepper.Resources.Providers;

/// <content>How providers come.</content>
public sealed partial class ProviderManager
{
    /// <summary>
    /// Takes a provider over: validates it, makes it ready and asks after its health. From then on the manager owns it; when that
    /// fails it is cleaned up, and the name is free. A reload of it is in place, after draining.
    /// </summary>
    /// <param name="provider">The provider.</param>
    /// <param name="cancellationToken">Ends the start; what was begun is cleaned up.</param>
    /// <returns>Ends when it serves, or at once when its configuration does not enable it.</returns>
    /// <exception cref="DuplicateProviderException">The name is taken.</exception>
    /// <exception cref="ProviderDependencyException">It depends on a provider that is missing or does not run.</exception>
    /// <exception cref="ProviderStageException">A stage failed; it says which, and its inner exception why.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="provider"/> is null.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The manager is disposed.</exception>
    public Task RegisterAsync(IProvider provider, CancellationToken cancellationToken = default) =>
        RegisterAllAsync([ProviderRegistration.Of(provider)], cancellationToken);

    /// <summary>
    /// Registers how to make a provider, and makes the first. A reload makes another from the configuration as it is then,
    /// and swaps it in while the old one serves.
    /// </summary>
    /// <typeparam name="TConfig">The type of its configuration.</typeparam>
    /// <param name="metadata">What is known of it.</param>
    /// <param name="config">Gives the configuration, at each start and reload.</param>
    /// <param name="create">Makes the provider; opens nothing.</param>
    /// <param name="cancellationToken">Ends the start; what was begun is cleaned up.</param>
    /// <returns>Ends when it serves, or at once when its configuration does not enable it.</returns>
    /// <exception cref="DuplicateProviderException">The name is taken.</exception>
    /// <exception cref="ProviderDependencyException">It depends on a provider that is missing or does not run.</exception>
    /// <exception cref="ProviderStageException">A stage failed; it says which, and its inner exception why.</exception>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The manager is disposed.</exception>
    public Task RegisterAsync<TConfig>(
        ProviderMetadata metadata, Func<TConfig> config, Func<TConfig, Provider<TConfig>> create,
        CancellationToken cancellationToken = default)
        where TConfig : class =>
        RegisterAllAsync([ProviderRegistration.Of(metadata, config, create)], cancellationToken);

    /// <summary>
    /// Registers several providers that may depend on each other, in any order. Those that are independent start together. When
    /// one fails, those that have started are stopped again in reverse, and none of them is registered.
    /// </summary>
    /// <param name="registrations">The providers; none: nothing happens.</param>
    /// <param name="cancellationToken">Ends the start; what was begun is cleaned up.</param>
    /// <returns>Ends when all of them serve, but for those that are not enabled.</returns>
    /// <exception cref="DuplicateProviderException">A name is taken, or given twice.</exception>
    /// <exception cref="ProviderDependencyException">
    /// One depends on a provider that is missing or does not run, or they depend on each other in a cycle.
    /// </exception>
    /// <exception cref="ProviderStageException">A stage failed; it says which, and its inner exception why.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="registrations"/> is null.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The manager is disposed.</exception>
    public async Task RegisterAllAsync(
        IReadOnlyCollection<ProviderRegistration> registrations, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(registrations);
        ThrowIfDisposed();
        cancellationToken.ThrowIfCancellationRequested();
        var started = _timeProvider.GetTimestamp();
        var settled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            await RegisterBatchAsync(
                [.. registrations.Select(one => new ProviderEntry(one, Interlocked.Increment(ref _sequence), settled.Task))],
                started, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            settled.TrySetResult();
        }
    }

    private async Task RegisterBatchAsync(List<ProviderEntry> batch, long started, CancellationToken cancellationToken)
    {
        var sorted = Admit(batch);
        using var others = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Exception? first = null;
        var failures = await ProviderGraph.RunAsync(
            sorted, entry => sorted.Where(other => entry.Metadata.DependsOn.Contains(other.Name)), async (entry, earlier) =>
            {
                var failure = earlier is null
                    ? await StartEntryAsync(entry, started, others.Token).ConfigureAwait(false)
                    : new ProviderDependencyException($"Provider '{entry.Name}' was not started.", entry.Name, []);
                if (failure is not null && Interlocked.CompareExchange(ref first, failure, null) is null)
                {
                    await others.CancelAsync().ConfigureAwait(false);
                }

                return failure;
            }).ConfigureAwait(false);
        if (first is null && Volatile.Read(ref _isDisposed) == 0)
        {
            return;
        }

        await UndoAsync(sorted, failures).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        ThrowIfDisposed();
        System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(first!);
    }

    /// <summary>Gives them their names, all or none, and an order in which they can start.</summary>
    private List<ProviderEntry> Admit(List<ProviderEntry> batch)
    {
        try
        {
            lock (_graph)
            {
                AssertInvariants_NeedsLock();
                var names = new HashSet<string>(StringComparer.Ordinal);
                var twice = batch.Find(entry => !names.Add(entry.Name) || _entries.ContainsKey(entry.Name));
                if (twice is not null)
                {
                    throw new DuplicateProviderException(
                        $"Provider '{twice.Name}' ({twice.Type}) cannot be registered: its Name is taken.", twice.Name);
                }

                var sorted = ProviderGraph.Sort(batch);
                foreach (var entry in batch)
                {
                    CheckDependencies_NeedsLock(entry, names);
                }

                foreach (var entry in sorted)
                {
                    // Nobody else knows of the gate yet: this takes it at once.
                    entry.Gate.Wait(0, CancellationToken.None);
                    entry.Move(ProviderState.Starting, null, serves: false, comesBack: true);
                    _entries[entry.Name] = entry;
                    foreach (var name in entry.Metadata.DependsOn)
                    {
                        (CollectionsMarshal.GetValueRefOrAddDefault(_dependants, name, out _) ??= []).Add(entry);
                    }
                }

                return sorted;
            }
        }
        catch (ProviderException failure)
        {
            var type = batch.Find(entry => entry.Name == failure.ProviderName)?.Type ?? "custom";
            _monitor.RecordOperation("register", type, success: false, name: failure.ProviderName);
            ProviderLog.RegisterFailed(_logger, failure.ProviderName, type, failure.Message, failure);
            throw;
        }
    }

    private void CheckDependencies_NeedsLock(ProviderEntry entry, HashSet<string> batch)
    {
        List<string> missing =
        [
            .. entry.Metadata.DependsOn.Where(name => !batch.Contains(name)
                && !(_entries.TryGetValue(name, out var other) && !other.IsLeaving)).Order(StringComparer.Ordinal),
        ];
        if (missing.Count > 0)
        {
            throw new ProviderDependencyException(
                $"Provider '{entry.Name}' depends on {string.Join(", ", missing.Select(static name => $"'{name}'"))}, "
                + "which is not registered.", entry.Name, missing);
        }
    }

    private async Task<Exception?> StartEntryAsync(ProviderEntry entry, long started, CancellationToken cancellationToken)
    {
        ProviderInstance? instance = null;
        try
        {
            instance = await BuildAsync(entry, cancellationToken).ConfigureAwait(false);
            entry.Move(ProviderState.Starting, instance, serves: false, comesBack: true);
            if (instance.Provider.IsEnabled)
            {
                await WaitForDependenciesAsync(entry, cancellationToken).ConfigureAwait(false);
                await StartAsync(entry, instance, cancellationToken).ConfigureAwait(false);
                entry.Move(ProviderState.Running, instance, serves: true);
            }
            else
            {
                entry.Move(ProviderState.Created, instance, serves: false);
            }

            Record(entry, "register", success: true, started);
            ProviderLog.Registered(_logger, entry.Name, entry.Type, instance.Provider.IsEnabled ? "running" : "not enabled");
            return null;
        }
        catch (Exception failure)
        {
            await DiscardAsync(entry, instance).ConfigureAwait(false);
            Record(entry, "register", success: false, started);
            ProviderLog.RegisterFailed(_logger, entry.Name, entry.Type, FailureText.Of(failure), failure);
            Forget(entry);
            return failure;
        }
        finally
        {
            entry.Gate.Release();
        }
    }

    /// <summary>Validates and builds, and starts nothing.</summary>
    private async Task<ProviderInstance> BuildAsync(ProviderEntry entry, CancellationToken cancellationToken)
    {
        object? configuration = null;
        IProvider? provider = null;
        await _stages.RunAsync(entry.Name, ProviderStage.Validate, null, _ =>
        {
            configuration = entry.Registration.ReadConfiguration();
            ThrowIfFaulty(entry.Name, configuration is IProviderConfiguration { Enabled: true } given ? given.GetFaults() : []);
            return Task.CompletedTask;
        }, cancellationToken).ConfigureAwait(false);
        await _stages.RunAsync(entry.Name, ProviderStage.Build, null, _ =>
        {
            provider = entry.Registration.Build(configuration);
            ThrowIfFaulty(entry.Name, provider.Metadata?.Name == entry.Name
                ? [] : [$"The provider that was made is named '{provider.Metadata?.Name}'."]);
            return Task.CompletedTask;
        }, cancellationToken).ConfigureAwait(false);
        await _stages.RunAsync(entry.Name, ProviderStage.Validate, null, async ct =>
        {
            ThrowIfFaulty(entry.Name, ProviderCapabilities.GetFaults(provider!));
            if (provider!.IsEnabled)
            {
                await provider.ValidateAsync(ct).ConfigureAwait(false);
            }
        }, cancellationToken).ConfigureAwait(false);
        return new ProviderInstance(provider!, _timeProvider, (one, cause) => OnInvalidated(entry, one, cause));
    }

    private async Task WaitForDependenciesAsync(ProviderEntry entry, CancellationToken cancellationToken)
    {
        foreach (var name in entry.Metadata.DependsOn)
        {
            var state = ProviderState.Stopped;
            while (_entries.TryGetValue(name, out var other))
            {
                if (other.Batch != entry.Batch)
                {
                    // Those it came with may yet take it along when one of them fails.
                    await other.Batch.WaitAsync(cancellationToken).ConfigureAwait(false);
                }

                var now = other.Read();
                state = now.State;
                if (now.Serving is not null || !now.ComesBack)
                {
                    break;
                }

                await now.Changed.WaitAsync(cancellationToken).ConfigureAwait(false);
            }

            if (state is not (ProviderState.Running or ProviderState.Reloading))
            {
                throw new ProviderDependencyException(
                    $"Provider '{entry.Name}' depends on '{name}', which does not run: it is {state}.", entry.Name, [name]);
            }
        }
    }

    private async Task StartAsync(ProviderEntry entry, ProviderInstance instance, CancellationToken cancellationToken)
    {
        instance.NeedsCleanup = true;
        await _stages.RunAsync(
            entry.Name, ProviderStage.Initialize, instance, instance.Provider.InitializeAsync, cancellationToken)
            .ConfigureAwait(false);
        await CheckStartedAsync(entry, instance, cancellationToken).ConfigureAwait(false);
    }

    private Task CheckStartedAsync(ProviderEntry entry, ProviderInstance instance, CancellationToken cancellationToken) =>
        _stages.RunAsync(entry.Name, ProviderStage.HealthCheck, instance, async ct =>
        {
            ThrowIfFaulty(entry.Name, ProviderCapabilities.GetFeatureFaults(instance.Provider));
            var health = await instance.Provider.CheckHealthAsync(ct).ConfigureAwait(false);
            ThrowIfFaulty(entry.Name, health.Status == ResourceHealth.Unhealthy
                ? [$"It is unhealthy: {health.Description ?? "no reason given"}."] : []);
        }, cancellationToken);

    /// <summary>Cleans up what never served; what that cleanup throws is logged, as the failure before it is the news.</summary>
    private async Task DiscardAsync(ProviderEntry entry, ProviderInstance? instance)
    {
        if (instance is not { NeedsCleanup: true })
        {
            return;
        }

        if (instance.AbandonedWork is { IsCompleted: false } abandoned)
        {
            _ = DiscardLaterAsync(entry, instance, abandoned);
            return;
        }

        try
        {
            await CleanUpAsync(entry, instance).ConfigureAwait(false);
        }
        catch (ProviderStageException failure)
        {
            ProviderLog.CleanupFailed(_logger, entry.Name, failure.Message, failure);
        }
    }

    private async Task DiscardLaterAsync(ProviderEntry entry, ProviderInstance instance, Task abandoned)
    {
        await abandoned.ContinueWith(
            static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default).ConfigureAwait(false);
        await entry.Gate.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            // Whoever reloaded or stopped it meanwhile has waited for it and cleaned up: it may serve again by now.
            if (ReferenceEquals(instance.AbandonedWork, abandoned))
            {
                await DiscardAsync(entry, instance).ConfigureAwait(false);
            }
        }
        finally
        {
            entry.Gate.Release();
        }
    }

    private async Task UndoAsync(List<ProviderEntry> sorted, Exception?[] failures)
    {
        List<ProviderEntry> started = [.. sorted.Where((_, index) => failures[index] is null)];
        started.Reverse();
        foreach (var entry in sorted.Where((_, index) => failures[index] is ProviderDependencyException))
        {
            // Those that were never begun because of another's failure.
            if (entry.State == ProviderState.Starting)
            {
                Forget(entry);
                entry.Gate.Release();
            }
        }

        await StopAllAsync(started, goOn: true, CancellationToken.None).ConfigureAwait(false);
    }

    private static void ThrowIfFaulty(string name, IEnumerable<string> faults)
    {
        List<string> all = [.. faults];
        if (all.Count > 0)
        {
            throw new ArgumentException($"Provider '{name}' has {all.Count} fault(s): {string.Join(' ', all)}");
        }
    }
}
