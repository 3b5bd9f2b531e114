using System.Runtime.CompilerServices;
using Pepper.Resources.Monitoring;

namespace Pepper.Resources.Pooling;

/// <content>Lending when nothing is ready: the key's pool is found or made, and the caller queues there.</content>
public sealed partial class KeyedResourcePool<TKey, T>
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(49);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<Lease<T>> AcquireSlowlyAsync(
        TKey key, TimeSpan? timeout, string? member, string? file, int line, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var started = _timeProvider.GetTimestamp();
        var left = timeout;
        while (true)
        {
            var slot = Pin(key);
            try
            {
                if (slot.Pool is not { } pool)
                {
                    pool = await WaitUntilMadeAsync(slot, left ?? _options.PerKey.AcquireTimeout, cancellationToken)
                        .ConfigureAwait(false);
                    left = timeout is null ? null : Left(timeout.Value, started);
                }

                timeout ??= pool.Core.DefaultTimeout;
                return await pool.AcquireSlowlyAsync(left ?? timeout.Value, member, file, line, cancellationToken)
                    .ConfigureAwait(false);
            }
            catch (ObjectDisposedException) when (slot.IsRetired)
            {
                // The key was retired under this caller, who goes on with a new pool in the time that is left.
                left = Left(timeout!.Value, started);
            }
            finally
            {
                slot.Unpin();
            }
        }
    }

    private Lease<T> AcquireBlocking(
        TKey key, TimeSpan timeout, string? member, string? file, int line, CancellationToken cancellationToken)
    {
        var started = _timeProvider.GetTimestamp();
        var left = timeout;
        while (true)
        {
            var slot = Pin(key);
            try
            {
                if (slot.Pool is not { } pool)
                {
                    pool = BlockUntilMade(slot, left, cancellationToken);
                    left = Left(timeout, started);
                }

                return pool.Acquire(left, cancellationToken, member, file, line);
            }
            catch (ObjectDisposedException) when (slot.IsRetired)
            {
                left = Left(timeout, started);
            }
            finally
            {
                slot.Unpin();
            }
        }
    }

    private TimeSpan Left(TimeSpan timeout, long started)
    {
        if (timeout == Timeout.InfiniteTimeSpan)
        {
            return timeout;
        }

        var left = timeout - _timeProvider.GetElapsedTime(started);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    /// <summary>The key's slot, with a pool or with one being made by another caller; pinned by this one.</summary>
    private KeyedSlot<TKey, T> Pin(TKey key)
    {
        while (true)
        {
            ThrowIfClosed();
            if (_slots.TryGetValue(key, out var slot))
            {
                if (slot.TryPin())
                {
                    return slot;
                }

                // Whoever comes first clears away what is retired, so that nobody waits for who retired it.
                Remove(slot);
                continue;
            }

            slot = new KeyedSlot<TKey, T>(key);
            if (_slots.TryAdd(key, slot))
            {
                Make(slot);
                return slot;
            }
        }
    }

    private void Make(KeyedSlot<TKey, T> slot)
    {
        ResourcePool<T> pool;
        try
        {
            // After the slot is there for all to see: others who ask for the same key must not take it for one more.
            Reserve(slot);
            var factory = _factory(slot.Key) ?? throw new InvalidOperationException("The factory delegate returned null.");
            pool = new ResourcePool<T>(factory, OptionsFor(slot.Key), _timeProvider, _monitor, _logger, _family);
        }
        catch (Exception failure)
        {
            slot.TryRetire();
            Remove(slot);
            slot.Fail(failure);
            if (slot.IsCounted)
            {
                KeyedPoolLog.KeyFailed(_logger, Name, FailureText.Of(failure), failure);
            }

            throw FailureFor(failure);
        }

        _members.Add(pool.Core);
        StartTimer();
        slot.MadeAt = slot.LastUsedAt = _timeProvider.GetTimestamp();
        slot.SetPool(pool);
        KeyedPoolLog.KeyAdded(_logger, Name, pool.Name, Volatile.Read(ref _keyCount));
        if (IsClosed)
        {
            // Who closed it may have looked for pools before this one was there.
            _ = pool.DisposeAsync().AsTask();
            ThrowIfClosed();
        }
    }

    private ResourcePoolOptions OptionsFor(TKey key)
    {
        var options = _options.PerKey.Copy();
        options.Name = $"{Name}[{key}]";
        if (_options.Configure is { } configure)
        {
            configure(key, options);
            KeyedResourcePoolOptionsValidator.Validate(options, _options.MaxTotal);
        }

        return options;
    }

    private async Task<ResourcePool<T>> WaitUntilMadeAsync(
        KeyedSlot<TKey, T> slot, TimeSpan timeout, CancellationToken cancellationToken)
    {
        try
        {
            var within = timeout > LongestWait ? Timeout.InfiniteTimeSpan : timeout;
            await slot.Made.WaitAsync(within, _timeProvider, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            throw LateException(timeout);
        }

        return slot.Pool ?? throw FailureFor(slot.Failure!);
    }

    private ResourcePool<T> BlockUntilMade(KeyedSlot<TKey, T> slot, TimeSpan timeout, CancellationToken cancellationToken)
    {
        // Set by the thread that has made the pool: no thread of the thread pool is needed.
        using var ended = new ManualResetEventSlim();
        _ = slot.Made.ContinueWith(
            static (_, state) => SetQuietly((ManualResetEventSlim)state!),
            ended,
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
        if (!ended.Wait(timeout > LongestWait / 3 ? Timeout.InfiniteTimeSpan : timeout, cancellationToken))
        {
            throw LateException(timeout);
        }

        return slot.Pool ?? throw FailureFor(slot.Failure!);

        static void SetQuietly(ManualResetEventSlim ended)
        {
            try
            {
                ended.Set();
            }
            catch (ObjectDisposedException)
            {
                // The caller has given up.
            }
        }
    }

    // Each caller gets an exception of its own: one that is thrown in two places shows neither.
    private ResourceException FailureFor(Exception failure) =>
        failure is PoolExhaustedException { Reason: ExhaustionReason.KeysInUse } refusal
            ? new PoolExhaustedException(
                refusal.Message, refusal.Reason, refusal.Timeout, refusal.Statistics, refusal.Holders)
            : new ResourceInitializationException(
                $"Keyed pool '{Name}': making the pool of a key failed: {FailureText.Of(failure)}", Name,
                _options.PerKey.Type, failure);

    private ResourceTimeoutException LateException(TimeSpan timeout) => new(
        $"Keyed pool '{Name}': no resource within {timeout}: the pool of the key was being made all the while, by the factory "
        + "delegate or Configure, which should only put together what is needed, and leave connecting to the factory.",
        ResourceStage.Create, timeout, Name, _options.PerKey.Type);
}
