using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Pepper.Resources.Monitoring;

namespace Pepper.Resources.Providers;

/// <summary>
/// Owns providers: starts them in the order of their dependencies, lends them, reloads them under load, and stops them in
/// reverse. A provider is never cleaned up under somebody who holds it.
/// </summary>
/// <remarks>Safe from any thread. No code of the user's runs under a lock.</remarks>
[DebuggerDisplay("{Count} providers")]
public sealed partial class ProviderManager : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, ProviderEntry> _entries = new(StringComparer.Ordinal);
    private readonly Lock _graph = new();

    // Who depends on a name, so that letting one go need not look at all of them. Under the graph's lock.
    private readonly Dictionary<string, List<ProviderEntry>> _dependants = new(StringComparer.Ordinal);
    private readonly ProviderManagerOptions _options;
    private readonly TimeProvider _timeProvider;
    private readonly ProviderMonitor _monitor;
    private readonly ILogger _logger;
    private readonly ProviderStageRunner _stages;
    private readonly TaskCompletionSource _disposal = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _sequence;
    private int _isDisposed;

    /// <summary>Makes a manager.</summary>
    /// <param name="options">Its name and time limits; they are copied.</param>
    /// <param name="timeProvider">Where it takes the time from. Default: the system's.</param>
    /// <param name="monitor">Where operations are counted and timed. Default: one on <see
    /// cref="ResourceMonitor.Shared"/>.</param>
    /// <param name="logger">Where it logs. Default: nowhere.</param>
    /// <exception cref="ArgumentException">The options have faults; all are named.</exception>
    public ProviderManager(
        ProviderManagerOptions? options = null,
        TimeProvider? timeProvider = null,
        ProviderMonitor? monitor = null,
        ILogger<ProviderManager>? logger = null)
    {
        _options = (options ?? new ProviderManagerOptions()).Freeze();
        _timeProvider = timeProvider ?? TimeProvider.System;
        _logger = new SafeLogger(logger ?? NullLogger<ProviderManager>.Instance);
        _monitor = monitor ?? new ProviderMonitor(logger: _logger);
        _stages = new ProviderStageRunner(_options, _timeProvider, _logger);
    }

    /// <summary>How many providers are registered, whatever their state.</summary>
    public int Count => _entries.Count;

    /// <summary>
    /// Lends a provider: until the lease is disposed it is neither cleaned up nor reloaded in place. Waits for one that is being
    /// started or reloaded in place.
    /// </summary>
    /// <typeparam name="TProvider">As what it is seen: its class, or an interface of it.</typeparam>
    /// <param name="name">The name of the provider.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="member">Filled in by the compiler.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>
    /// A shared lease, to be disposed. Invalidating it fails the provider: nobody gets it any more until it is reloaded.
    /// </returns>
    /// <exception cref="ProviderNotFoundException">No such provider.</exception>
    /// <exception cref="ProviderUnavailableException">It is not enabled, has failed, or is being unregistered.</exception>
    /// <exception cref="InvalidCastException">It is not of that type.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="name"/> is null.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The manager is disposed.</exception>
    public ValueTask<Lease<TProvider>> AcquireAsync<TProvider>(
        string name,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string? member = null,
        [CallerFilePath] string? file = null,
        [CallerLineNumber] int line = 0)
        where TProvider : class
    {
        ArgumentNullException.ThrowIfNull(name);
        ThrowIfDisposed();
        cancellationToken.ThrowIfCancellationRequested();
        var callSite = CallSite.From(member, file, line);
        return _entries.TryGetValue(name, out var entry) && entry.Serving?.TryLend(callSite, out var token) is { } loan
            ? new ValueTask<Lease<TProvider>>(LeaseOf<TProvider>(name, loan, token))
            : AcquireSlowlyAsync<TProvider>(name, callSite, cancellationToken);
    }

    /// <summary>
    /// Gives a storage provider's storage as one object that stays the same: each call leases the provider for itself, so that a
    /// reload never breaks one, and none spans two providers. It goes on over reloads, and also when the provider is
    /// unregistered and registered again.
    /// </summary>
    /// <param name="name">The name of the provider.</param>
    /// <returns>The storage. What is opened by it holds the provider until it is disposed.</returns>
    /// <exception cref="ProviderNotFoundException">No such provider.</exception>
    /// <exception cref="InvalidCastException">It is no <see cref="IStorageProvider"/>.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="name"/> is null.</exception>
    /// <exception cref="ObjectDisposedException">The manager is disposed.</exception>
    public IStorage GetStorage(string name)
    {
        Find<IStorageProvider>(name);
        return new LeasedStorage(this, name);
    }

    /// <summary>
    /// Gives a memory provider's memory as one object that stays the same, as <see cref="GetStorage"/> does.
    /// </summary>
    /// <param name="name">The name of the provider.</param>
    /// <returns>The memory.</returns>
    /// <exception cref="ProviderNotFoundException">No such provider.</exception>
    /// <exception cref="ProviderUnavailableException">It has not been started yet.</exception>
    /// <exception cref="InvalidCastException">It is no <see cref="IMemoryProvider"/>.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="name"/> is null.</exception>
    /// <exception cref="ObjectDisposedException">The manager is disposed.</exception>
    public IMemoryStore GetMemory(string name)
    {
        Find<IMemoryProvider>(name);
        return GetProvider(name) is IMemoryProvider { Store: { } store }
            ? new LeasedMemoryStore(this, name, store.Capabilities)
            : throw new ProviderUnavailableException(
                $"Provider '{name}' has no Store: it has not been started.", name, Find(name).State);
    }

    /// <summary>A provider, to look at it, not to use it: nobody keeps it from being cleaned up.</summary>
    /// <param name="name">The name of the provider.</param>
    /// <returns>The provider; <c>null</c> when there is none, or it has not been built yet.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="name"/> is null.</exception>
    public IProvider? GetProvider(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return _entries.TryGetValue(name, out var entry) ? entry.Current?.Provider : null;
    }

    /// <summary>The providers of a type, in the order of registration: to look at them, not to use them.</summary>
    /// <param name="type">The type.</param>
    /// <returns>A snapshot.</returns>
    public IReadOnlyList<IProvider> GetProvidersByType(ProviderType type) => Select(entry => entry.Metadata.Type == type);

    /// <summary>
    /// The providers that declare a capability, in the order of registration: to look at them, not to use them.
    /// </summary>
    /// <param name="capability">The capability's name.</param>
    /// <returns>A snapshot.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="capability"/> is null.</exception>
    public IReadOnlyList<IProvider> GetProvidersByCapability(string capability)
    {
        ArgumentNullException.ThrowIfNull(capability);
        return Select(entry => entry.Metadata.Capabilities.Contains(capability));
    }

    /// <summary>What is registered, in the order of registration.</summary>
    /// <returns>A snapshot.</returns>
    public IReadOnlyList<RegisteredProvider> GetProviders() =>
    [
        .. Ordered().Select(static entry =>
        {
            var now = entry.Read();
            return new RegisteredProvider
            {
                Metadata = entry.Metadata,
                State = now.State,
                Failure = now.Failure,
                Leases = entry.Current?.GetLeases() ?? [],
            };
        }),
    ];

    /// <summary>Asks a provider whether it can be used.</summary>
    /// <param name="name">The name of the provider.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>
    /// Its answer. One that does not serve, fails to answer, or takes longer than
    /// <see cref="ProviderManagerOptions.StageTimeout"/>, is unhealthy.
    /// </returns>
    /// <exception cref="ProviderNotFoundException">No such provider.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="name"/> is null.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The manager is disposed.</exception>
    public async ValueTask<ProviderHealth> CheckHealthAsync(string name, CancellationToken cancellationToken = default)
    {
        var entry = Find(name);
        if (entry.Serving?.TryLend(CallSite.From(nameof(CheckHealthAsync), null, 0), out var token) is not { } loan)
        {
            var now = entry.Read();
            return new ProviderHealth(
                ResourceHealth.Unhealthy, $"{now.State}{(now.Failure is { } why ? ": " + FailureText.Of(why) : null)}");
        }

        using var lease = new Lease<IProvider>(loan, token);
        var health = ProviderHealth.Healthy;
        try
        {
            var provider = lease.Resource;
            await _stages.RunAsync(name, ProviderStage.HealthCheck, null, async ct =>
                health = await provider.CheckHealthAsync(ct).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
            return health;
        }
        catch (ProviderStageException failure)
        {
            return new ProviderHealth(ResourceHealth.Unhealthy, FailureText.Of(failure.InnerException ?? failure));
        }
    }

    private async ValueTask<Lease<TProvider>> AcquireSlowlyAsync<TProvider>(
        string name, CallSite callSite, CancellationToken cancellationToken)
        where TProvider : class
    {
        while (true)
        {
            var entry = Find(name);
            var now = entry.Read();
            if (now.Serving?.TryLend(callSite, out var token) is { } loan)
            {
                return LeaseOf<TProvider>(name, loan, token);
            }

            // One that should serve and is closed has just been swapped, or found broken: the change is on its way.
            if (now.Serving is null && !now.ComesBack)
            {
                throw new ProviderUnavailableException(
                    $"Provider '{name}' cannot be used: it is {now.State}"
                    + (now.State == ProviderState.Created ? ", as its configuration does not enable it." : ".")
                    + (now.Failure is { } why ? $" {FailureText.Of(why)}" : null), name, now.State, now.Failure);
            }

            await now.Changed.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private static Lease<TProvider> LeaseOf<TProvider>(string name, SharedLoan loan, long token)
        where TProvider : class
    {
        if (loan.Item is TProvider)
        {
            return new Lease<TProvider>(loan, token);
        }

        var type = loan.Item!.GetType();
        loan.Return(token);
        throw new InvalidCastException($"Provider '{name}' is a {type}, which is not a {typeof(TProvider)}.");
    }

    private ProviderEntry Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        ThrowIfDisposed();
        return _entries.TryGetValue(name, out var entry) ? entry : throw NotFound(name);
    }

    private void Find<TProvider>(string name)
        where TProvider : class
    {
        if (Find(name).Current?.Provider is { } provider and not TProvider)
        {
            throw new InvalidCastException($"Provider '{name}' is a {provider.GetType()}, which is not a {typeof(TProvider)}.");
        }
    }

    private static ProviderNotFoundException NotFound(string name) =>
        new($"No provider is registered under the name '{name}'.", name);

    private IEnumerable<ProviderEntry> Ordered() => _entries.Values.OrderBy(static entry => entry.Sequence);

    private IReadOnlyList<IProvider> Select(Func<ProviderEntry, bool> condition) =>
        [.. Ordered().Where(condition).Select(static entry => entry.Current?.Provider).OfType<IProvider>()];

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(Volatile.Read(ref _isDisposed) != 0, this);

    private void Record(ProviderEntry entry, string operation, bool success, long started) => _monitor.RecordOperation(
        operation, entry.Type, success, success ? _timeProvider.GetElapsedTime(started) : default, entry.Name);

    private void OnInvalidated(ProviderEntry entry, ProviderInstance instance, Exception? cause)
    {
        ProviderLog.Invalidated(_logger, entry.Name, cause is null ? "no cause given" : FailureText.Of(cause), cause);
        entry.TryFail(instance, cause);
    }

    [Conditional("DEBUG")]
    private void AssertInvariants_NeedsLock()
    {
        Debug.Assert(_graph.IsHeldByCurrentThread, "The lock must be held.");
        Debug.Assert(_entries.All(static pair => pair.Key == pair.Value.Name), "Each is found by its own name.");
        Debug.Assert(
            _dependants.All(static pair => pair.Value.Count > 0
                && pair.Value.TrueForAll(entry => entry.Metadata.DependsOn.Contains(pair.Key))), "Who is listed depends on it.");
    }
}
