using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Pepper.Resources.Monitoring;

namespace Pepper.Resources.Recovery;

/// <summary>
/// A circuit for each key (a host, a tenant), so that one that is down stops no other. Their number is bounded, and those that
/// nobody uses are retired.
/// </summary>
/// <remarks>
/// Safe from any thread. A retired key begins anew with a closed circuit. All keys are one series in the metrics, the worst of
/// them, as a key may be a secret and is one of many; messages and logs name the key. No timer runs: what is idle is looked for
/// when any key is used.
/// </remarks>
/// <typeparam name="TKey">The type of the keys.</typeparam>
public sealed class KeyedCircuitBreakers<TKey> : IDisposable
    where TKey : notnull
{
    private readonly ConcurrentDictionary<TKey, KeyedCircuit> _circuits;
    private readonly KeyedCircuitBreakersOptions _options;
    private readonly TimeProvider _timeProvider;
    private readonly MonotonicClock _clock;
    private readonly ResourceMonitor _monitor;
    private readonly ILogger _logger;
    private long _sweepAt;
    private long _retired;

    // Places that are taken, those of circuits on their way into the table included.
    private int _places;
    private volatile bool _isDisposed;

    /// <summary>Makes a set without keys.</summary>
    /// <param name="options">
    /// The bound, and what each circuit is like; they are copied. Default: a default <see cref="KeyedCircuitBreakersOptions"/>.
    /// </param>
    /// <param name="timeProvider">Where it takes the time from. Default: the system's.</param>
    /// <param name="monitor">Where it is seen. Default: <see cref="ResourceMonitor.Shared"/>.</param>
    /// <param name="logger">Where it tells of transitions. Default: nowhere.</param>
    /// <param name="comparer">Compares keys. Default: the default one.</param>
    /// <exception cref="ArgumentException">The options have faults; the message lists all of them.</exception>
    public KeyedCircuitBreakers(
        KeyedCircuitBreakersOptions? options = null,
        TimeProvider? timeProvider = null,
        ResourceMonitor? monitor = null,
        ILogger<CircuitBreaker>? logger = null,
        IEqualityComparer<TKey>? comparer = null)
    {
        _options = (options ?? new KeyedCircuitBreakersOptions()).Freeze();
        _timeProvider = timeProvider ?? TimeProvider.System;
        _clock = new MonotonicClock(_timeProvider);
        _monitor = monitor ?? ResourceMonitor.Shared;
        _logger = new SafeLogger(logger ?? (ILogger)NullLogger.Instance);
        _circuits = new ConcurrentDictionary<TKey, KeyedCircuit>(comparer);
        _sweepAt = NextSweep(_clock.Now);
    }

    /// <summary>The name in the metrics.</summary>
    public string Name => _options.Name;

    /// <summary>How many keys have a circuit.</summary>
    public int Count => _circuits.Count;

    /// <summary>How many circuits have been retired.</summary>
    public long Retired => Volatile.Read(ref _retired);

    /// <summary>The keys that have a circuit, at this moment.</summary>
    public IReadOnlyList<TKey> Keys => [.. _circuits.Keys];

    /// <summary>Runs the work, unless the key's circuit rejects the call.</summary>
    /// <typeparam name="TResult">What the work yields.</typeparam>
    /// <param name="key">Whose circuit.</param>
    /// <param name="work">The work.</param>
    /// <param name="cancellationToken">Cancels the work; that counts neither as a success nor as a failure.</param>
    /// <returns>What the work yielded.</returns>
    /// <exception cref="CircuitOpenException">The circuit rejected the call: the work did not begin.</exception>
    /// <exception cref="ResourceException">
    /// <see cref="KeyedCircuitBreakersOptions.MaxKeys"/> circuits are in use or isolated.
    /// </exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The set was disposed.</exception>
    public ValueTask<TResult> ExecuteAsync<TResult>(
        TKey key, Func<CancellationToken, ValueTask<TResult>> work, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(work);
        return ExecuteAsync(key, static (run, token) => run(token), work, cancellationToken);
    }

    /// <summary>As the other, with a state for the work, so that it needs no closure.</summary>
    /// <typeparam name="TState">The type of the state.</typeparam>
    /// <typeparam name="TResult">What the work yields.</typeparam>
    /// <param name="key">Whose circuit.</param>
    /// <param name="work">The work.</param>
    /// <param name="state">Given to the work.</param>
    /// <param name="cancellationToken">Cancels the work; that counts neither as a success nor as a failure.</param>
    /// <returns>What the work yielded.</returns>
    /// <exception cref="CircuitOpenException">The circuit rejected the call: the work did not begin.</exception>
    /// <exception cref="ResourceException">
    /// <see cref="KeyedCircuitBreakersOptions.MaxKeys"/> circuits are in use or isolated.
    /// </exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The set was disposed.</exception>
    public ValueTask<TResult> ExecuteAsync<TState, TResult>(
        TKey key,
        Func<TState, CancellationToken, ValueTask<TResult>> work,
        TState state,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(work);
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<TResult>(cancellationToken);
        }

        var circuit = Begin(key);
        var pending = circuit.Breaker.ExecuteAsync(work, state, cancellationToken);
        if (pending.IsCompletedSuccessfully)
        {
            circuit.End(_clock.Now);
            return pending;
        }

        return AwaitAsync(circuit, pending);
    }

    /// <summary>As <see cref="CircuitBreaker.TryExecuteAsync{TResult}"/>, by the key's circuit.</summary>
    /// <typeparam name="TResult">What the work yields.</typeparam>
    /// <param name="key">Whose circuit.</param>
    /// <param name="work">The work.</param>
    /// <param name="cancellationToken">Cancels the work; that counts neither as a success nor as a failure.</param>
    /// <returns>What the work yielded, or how the circuit stood.</returns>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The set was disposed.</exception>
    public async ValueTask<CircuitResult<TResult>> TryExecuteAsync<TResult>(
        TKey key, Func<CancellationToken, ValueTask<TResult>> work, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(work);
        cancellationToken.ThrowIfCancellationRequested();
        var circuit = Begin(key);
        return await AwaitAsync(circuit, circuit.Breaker.TryExecuteAsync(work, cancellationToken)).ConfigureAwait(false);
    }

    /// <summary>
    /// The circuit of a key, to look at it, isolate or reset it; <c>null</c> when the key has none. It may be retired at any time
    /// unless it is isolated: make calls through the set.
    /// </summary>
    /// <param name="key">Whose circuit.</param>
    /// <returns>The circuit, or <c>null</c>.</returns>
    public CircuitBreaker? Find(TKey key) => _circuits.GetValueOrDefault(key)?.Breaker;

    /// <summary>Isolates a key's circuit, which is made if it has none.</summary>
    /// <param name="key">Whose circuit.</param>
    /// <param name="reason">Why, for the messages of those who are rejected.</param>
    /// <exception cref="ObjectDisposedException">The set was disposed.</exception>
    public void Isolate(TKey key, string? reason = null)
    {
        var circuit = Begin(key);
        circuit.Breaker.Isolate(reason);
        circuit.End(_clock.Now);
    }

    /// <summary>Retires every circuit. Calls that are under way end as they will; further calls are refused.</summary>
    public void Dispose()
    {
        _isDisposed = true;
        foreach (var (_, circuit) in _circuits)
        {
            circuit.Breaker.Dispose();
        }

        _circuits.Clear();
    }

    private async ValueTask<TAny> AwaitAsync<TAny>(KeyedCircuit circuit, ValueTask<TAny> pending)
    {
        try
        {
            return await pending.ConfigureAwait(false);
        }
        finally
        {
            circuit.End(_clock.Now);
        }
    }

    private KeyedCircuit Begin(TKey key)
    {
        var now = _clock.Now;
        RetireIdle(now);
        var wait = default(SpinWait);
        while (true)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (_circuits.TryGetValue(key, out var circuit))
            {
                if (circuit.TryBegin())
                {
                    return circuit;
                }

                // It is being retired, by somebody who is about to take it out of the table.
                wait.SpinOnce();
                continue;
            }

            // The key's own code, which may throw: before there is a place to be lost.
            var name = $"{Name}[{key}]";
            if (TryTakePlace() && TryAdd(key, name, now, out circuit))
            {
                return circuit;
            }
        }
    }

    private bool TryAdd(TKey key, string name, long now, out KeyedCircuit circuit)
    {
        var options = _options.PerKey.Copy();
        options.Name = name;
        circuit = new KeyedCircuit(new CircuitBreaker(options, Name, _timeProvider, _monitor, _logger), now);
        circuit.TryBegin();
        if (_circuits.TryAdd(key, circuit))
        {
            if (_isDisposed)
            {
                // Dispose may have looked before this was there.
                circuit.Breaker.Dispose();
            }

            return true;
        }

        Interlocked.Decrement(ref _places);
        circuit.Breaker.Dispose();
        return false;
    }

    // False when a place has become free, or somebody else's failure to take one made it look taken: look again.
    private bool TryTakePlace()
    {
        if (Interlocked.Increment(ref _places) <= _options.MaxKeys)
        {
            return true;
        }

        Interlocked.Decrement(ref _places);
        KeyValuePair<TKey, KeyedCircuit>? victim = null;
        var isFull = _circuits.Count >= _options.MaxKeys;
        foreach (var candidate in _circuits)
        {
            if (MayRetire(candidate.Value) && (victim is not { } best || IsBetter(candidate.Value, best.Value)))
            {
                victim = candidate;
            }
        }

        if (victim is { } one)
        {
            Retire(one.Key, one.Value, "to make room (KeyedCircuitBreakersOptions.MaxKeys)");
        }
        else if (isFull)
        {
            throw new ResourceException(
                $"Circuit breakers '{Name}': {_options.MaxKeys} keys are in use or isolated, as many as "
                + "KeyedCircuitBreakersOptions.MaxKeys allows.",
                Name);
        }

        return false;
    }

    // An open circuit knows something, a closed one hardly: one who floods the set with keys must not close what is open.
    private static bool IsBetter(KeyedCircuit one, KeyedCircuit than) => one.Breaker.IsClosed != than.Breaker.IsClosed
        ? one.Breaker.IsClosed
        : one.LastUsed < than.LastUsed;

    // An operator's decision outlives idleness.
    private static bool MayRetire(KeyedCircuit circuit) => !circuit.IsInUse && !circuit.Breaker.IsIsolated;

    private void RetireIdle(long now)
    {
        var due = Volatile.Read(ref _sweepAt);
        if (now < due || Interlocked.CompareExchange(ref _sweepAt, NextSweep(now), due) != due)
        {
            return;
        }

        foreach (var (key, circuit) in _circuits)
        {
            if (_clock.After(circuit.LastUsed, _options.KeyIdleTimeout) <= now && MayRetire(circuit))
            {
                Retire(key, circuit, "idle (KeyedCircuitBreakersOptions.KeyIdleTimeout)");
            }
        }
    }

    private void Retire(TKey key, KeyedCircuit circuit, string reason)
    {
        if (circuit.TryRetire())
        {
            if (_circuits.TryRemove(new KeyValuePair<TKey, KeyedCircuit>(key, circuit)))
            {
                Interlocked.Decrement(ref _places);
            }

            Interlocked.Increment(ref _retired);
            RecoveryLog.KeyRetired(_logger, circuit.Breaker.Name, reason);
            circuit.Breaker.Dispose();
        }
    }

    private long NextSweep(long now) => _clock.After(now, _options.KeyIdleTimeout / 4);
}
