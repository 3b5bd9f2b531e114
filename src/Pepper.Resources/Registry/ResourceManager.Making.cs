using System.Runtime.ExceptionServices;
using Pepper.Resources.Monitoring;
using Pepper.Resources.Recovery;

namespace Pepper.Resources;

/// <content>Resources that the manager makes itself, and makes anew when they are broken.</content>
public sealed partial class ResourceManager
{
    private readonly Lazy<RetryBudget> _budget;

    /// <summary>
    /// Has a resource made and makes it ready; and when a holder finds it broken (<see cref="Lease{T}.Invalidate"/>), the
    /// manager has another made under the same id by itself, in the background. The broken one is cleaned up after its last
    /// holder, and only then is the next one made; <see cref="AcquireAsync(string, CancellationToken, string?, string?, int)"/>
    /// waits for it.
    /// </summary>
    /// <remarks>
    /// <para>The first is made once, for the caller: when that fails nothing is left behind, and the id is free. Later ones
    /// belong to nobody: the first attempt is made at once, the next ones after pauses (0.1 seconds, doubling), until the
    /// circuit opens; then each is the probe after a break. While the circuit is not closed, callers are told so at once.</para>
    /// <para>A release, the end of its time to live and the manager's disposal end it for good.</para>
    /// </remarks>
    /// <param name="id">The id: every resource that is made must have it.</param>
    /// <param name="create">
    /// Makes a resource, which need not be ready: it is initialized after it. Called once for each attempt, never twice at a
    /// time. Its token is cancelled after <see cref="ResourceManagerOptions.CreateTimeout"/>; what it makes after that is cleaned
    /// up.
    /// </param>
    /// <param name="recovery">
    /// The circuit, and what else is done when making it anew fails; it is copied. The circuit takes the name of the id, and the
    /// manager's name as its label. <see cref="FactoryRecoveryOptions.MaxRecoveries"/> counts how often it is made anew. As there
    /// is one at a time and nothing that could come back, <see cref="FactoryRecoveryOptions.WhileOpen"/>,
    /// <see cref="FactoryRecoveryOptions.HedgeAfter"/>, <see cref="FactoryRecoveryOptions.SuspectSiblings"/> and more than one
    /// <see cref="CircuitBreakerOptions.HalfOpenTrials"/> have no effect. Default: a default
    /// <see cref="FactoryRecoveryOptions"/>, with one budget for all resources of the manager.
    /// </param>
    /// <param name="cancellationToken">Ends the making of the first.</param>
    /// <returns>Ends when the resource can be acquired.</returns>
    /// <exception cref="ArgumentException">
    /// The id is empty, or the options have faults; the message lists all of them.
    /// </exception>
    /// <exception cref="ArgumentNullException"><paramref name="id"/> or <paramref name="create"/> is null.</exception>
    /// <exception cref="DuplicateResourceException">
    /// The id is taken, also by one that is being registered or released.
    /// </exception>
    /// <exception cref="ResourceInitializationException">
    /// The resource could not be made, has another id, or could not be made ready; it has been cleaned up.
    /// </exception>
    /// <exception cref="ResourceTimeoutException">
    /// That took longer than <see cref="ResourceManagerOptions.CreateTimeout"/>.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled; the resource has been cleaned up.</exception>
    /// <exception cref="ObjectDisposedException">The manager is disposed.</exception>
    public async Task RegisterAsync(
        string id,
        Func<CancellationToken, ValueTask<Resource>> create,
        FactoryRecoveryOptions? recovery = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(id);
        ArgumentNullException.ThrowIfNull(create);
        var options = FreezeRecovery(id, recovery);
        ThrowIfDisposed();
        cancellationToken.ThrowIfCancellationRequested();
        var started = _timeProvider.GetTimestamp();
        var entry = Add(id, ResourceType.Custom);
        var maker = new ResourceMaker(id, create, _options.CleanupTimeout, CleanUpAsync, _timeProvider, _logger);
        var (limit, knob) = LimitOfMaking;
        var made = await maker.MakeAsync(limit, knob, cancellationToken).ConfigureAwait(false);
        if (made.Failure is { } failure)
        {
            await made.Rest.ConfigureAwait(false);
            Undo(entry, failure);
            if (failure is ResourceInitializationException or ResourceTimeoutException
                || (failure is OperationCanceledException && cancellationToken.IsCancellationRequested))
            {
                ExceptionDispatchInfo.Throw(failure);
            }

            throw new ResourceInitializationException(
                $"Resource '{id}' could not be made: {FailureText.Of(failure)}", id, null, failure);
        }

        var registration = NewRegistration(entry, made.Resource!);
        entry.Current = registration;
        options.Budget ??= _budget.Value;
        entry.Healing = new Healing(
            this, entry, maker, new FactoryRecovery(options, id, _options.Name, _timeProvider, _monitor, _logger), _timeProvider);
        await BeginAsync(registration, started).ConfigureAwait(false);
    }

    /// <summary>How long making a resource may take, and which option says so.</summary>
    internal (TimeSpan Limit, string Knob) LimitOfMaking =>
        (_options.CreateTimeout, $"{nameof(ResourceManagerOptions)}.{nameof(ResourceManagerOptions.CreateTimeout)}");

    internal Registration NewRegistration(RegistryEntry entry, Resource resource) =>
        new(entry, resource, Interlocked.Increment(ref _sequence), _timeProvider, OnInvalidated);

    /// <summary>A broken resource has a successor.</summary>
    internal void OnRemade(Registration registration, TimeSpan time, string? unhealthy)
    {
        ResourceMonitor.Record(_monitor.Instruments.InitDuration, time, "type", registration.Type);
        _monitor.RecordOperation("remake", registration.Type, success: true, time);
        ResourceLog.Remade(_logger, registration.Id, registration.Type);
        if (unhealthy is not null)
        {
            ResourceLog.Unhealthy(_logger, registration.Id, registration.Type, unhealthy);
        }

        ScheduleExpiry(registration);
    }

    /// <summary>An attempt at a successor has failed.</summary>
    internal void OnNotRemade(RegistryEntry entry, Exception failure)
    {
        _monitor.RecordFailure("remake", entry.Type, CauseOf(failure));
        ResourceLog.NotRemade(_logger, entry.Id, entry.Type, FailureText.Of(failure), failure);
    }

    /// <summary>Of one that never was lent. Never throws; what goes wrong is logged.</summary>
    internal async Task CleanUpAsync(Resource resource)
    {
        if (await TryCleanUpAsync(resource).ConfigureAwait(false) is { } failure)
        {
            ResourceLog.CleanupFailed(_logger, resource.Metadata.Id, failure.Message, failure);
        }
    }

    private static FactoryRecoveryOptions FreezeRecovery(string id, FactoryRecoveryOptions? recovery)
    {
        var options = (recovery ?? new FactoryRecoveryOptions()).Copy();
        var faults = options.FindFaults().ToList();
        if (faults.Count > 0)
        {
            throw new ArgumentException(
                $"The recovery options of resource '{id}' have {faults.Count} fault(s): {string.Join(' ', faults)}",
                nameof(recovery));
        }

        options.Circuit.HalfOpenTrials = 1;
        return options;
    }

    /// <summary>The first could not be made, and nothing is left of it.</summary>
    private void Undo(RegistryEntry entry, Exception failure)
    {
        _monitor.RecordFailure("register", entry.Type, CauseOf(failure));
        ResourceLog.RegistrationFailed(_logger, entry.Id, entry.Type, FailureText.Of(failure), failure);
        Forget(entry);
        entry.MarkReady(isUsable: false);
    }
}
