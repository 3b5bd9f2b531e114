using Pepper.Resources.Monitoring;

namespace Pepper.Resources.Pooling;

/// <content>What operators do: generations, drain and disposal.</content>
public sealed partial class KeyedResourcePool<TKey, T>
{
    private const int Open = 0;
    private const int Draining = 1;
    private const int Disposed = 2;

    private int _state;
    private readonly TaskCompletionSource _disposed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private bool IsClosed => Volatile.Read(ref _state) != Open;

    private bool IsDisposed => Volatile.Read(ref _state) == Disposed;

    /// <summary>
    /// Begins a new generation in the pool of every key: idle resources are destroyed at once, lent ones at their return.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The keyed pool is disposed.</exception>
    public void Invalidate()
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        foreach (var core in _members.All())
        {
            InvalidateUnlessClosed(core);
        }
    }

    /// <summary>
    /// Begins a new generation in the pool of one key: idle resources are destroyed at once, lent ones at their return.
    /// </summary>
    /// <param name="key">The key.</param>
    /// <returns>Whether the key has a pool.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="key"/> is null.</exception>
    /// <exception cref="ObjectDisposedException">The keyed pool is disposed.</exception>
    public bool Invalidate(TKey key)
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        return _slots.TryGetValue(key, out var slot) && slot.Pool is { } pool && InvalidateUnlessClosed(pool.Core);
    }

    /// <summary>
    /// Refuses new callers, serves those that wait, waits for every lease, and destroys every resource, of every key.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait; the keyed pool stays closed.</param>
    /// <returns>Ends when nothing is left.</returns>
    /// <exception cref="ObjectDisposedException">The keyed pool is disposed.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public Task DrainAsync(CancellationToken cancellationToken = default) =>
        DrainAsync(Timeout.InfiniteTimeSpan, cancellationToken);

    /// <summary>The same, within a time.</summary>
    /// <param name="timeout">
    /// How long to wait for the leases that are out: zero or more, or <see cref="Timeout.InfiniteTimeSpan"/>.
    /// </param>
    /// <param name="cancellationToken">Ends the wait; the keyed pool stays closed.</param>
    /// <returns>Ends when nothing is left.</returns>
    /// <exception cref="ResourceBusyException">Leases were still out when the time was over; it names their holders.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="timeout"/> is negative and not infinite.</exception>
    /// <exception cref="ObjectDisposedException">The keyed pool is disposed.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task DrainAsync(TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        ThrowIfNoTimeout(timeout);
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        Interlocked.CompareExchange(ref _state, Draining, Open);
        KeyedPoolLog.Changed(_logger, Name, "draining");
        using var deadline = new CancellationTokenSource(
            timeout > LongestWait ? Timeout.InfiniteTimeSpan : timeout, _timeProvider);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            await Task.WhenAll(_members.All().Select(core => DrainAsync(core, linked.Token))).ConfigureAwait(false);
            KeyedPoolLog.Changed(_logger, Name, "drained");
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            var holders = GetLeases();
            throw new ResourceBusyException(
                $"Keyed pool '{Name}' was not drained within {timeout}: {holders.Count} lease(s) are out and "
                + $"{Statistics.Size} resource(s) live. Holders: {string.Join("; ", holders.Take(5))}. "
                + "Their return destroys what they hold.",
                holders, Name, _options.PerKey.Type);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
    }

    /// <summary>
    /// Closes the pools of all keys: callers that wait get <see cref="ObjectDisposedException"/>, idle resources are destroyed,
    /// creations are cancelled. Lent resources are destroyed when they come back, which is not waited for. Twice is harmless.
    /// </summary>
    /// <returns>Ends when nothing but lent resources is left.</returns>
    public ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _state, Disposed) != Disposed)
        {
            lock (_lock)
            {
                AssertInvariants_NeedsLock();
                _timer?.Dispose();
            }

            _ = CloseAsync();
        }

        return new ValueTask(_disposed.Task);
    }

    private static bool InvalidateUnlessClosed(PoolCore core)
    {
        try
        {
            core.Invalidate();
            return true;
        }
        catch (ObjectDisposedException)
        {
            // Retired: what it has left goes at its return anyway.
            return false;
        }
    }

    private static async Task DrainAsync(PoolCore core, CancellationToken cancellationToken)
    {
        try
        {
            await core.DrainAsync(Timeout.InfiniteTimeSpan, cancellationToken).ConfigureAwait(false);
        }
        catch (ObjectDisposedException)
        {
            // Retired, or disposed meanwhile: what it has lent comes back all the same.
            await core.WaitUntilGoneAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task CloseAsync()
    {
        // All are closed before the first is waited for.
        await Task.WhenAll(_members.All().Select(static core => core.DisposeAsync()).ToArray()).ConfigureAwait(false);
        _monitor.Sources.Remove(_members);
        KeyedPoolLog.Changed(_logger, Name, "disposed");
        _disposed.SetResult();
    }

    private void ThrowIfClosed()
    {
        if (IsDisposed)
        {
            throw new ObjectDisposedException("KeyedResourcePool", $"Keyed pool '{Name}' has been disposed.");
        }

        if (IsClosed)
        {
            throw new PoolClosedException(
                $"Keyed pool '{Name}' is drained and lends nothing any more.", Name, _options.PerKey.Type);
        }
    }
}
