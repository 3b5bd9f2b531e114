using System.Diagnostics;

namespace Pepper.Resources.Providers;

/// <summary>Fails and delays operations, by a row of random numbers that can be repeated.</summary>
internal sealed class FaultyStorage(IStorage inner, StorageFaultOptions options, TimeProvider timeProvider)
    : DelegatingStorage(inner)
{
    private readonly Lock _lock = new();
#pragma warning disable CA5394 // Faults are to be repeatable, not unforeseeable.
    private readonly Random _random = new(options.Seed);
#pragma warning restore CA5394

    protected override async ValueTask<TResult> RunAsync<TResult>(
        StorageCall asked, Func<CancellationToken, ValueTask<TResult>> work, CancellationToken cancellationToken)
    {
        var (delays, failsBefore, failsAfter) = Draw();
        if (delays)
        {
            await Task.Delay(options.DelayTime, timeProvider, cancellationToken).ConfigureAwait(false);
        }

        if (failsBefore)
        {
            throw Failure(asked);
        }

        var result = await work(cancellationToken).ConfigureAwait(false);
        if (!failsAfter)
        {
            return result;
        }

        if (result is IAsyncDisposable open)
        {
            await open.DisposeAsync().ConfigureAwait(false);
        }

        throw Failure(asked);
    }

    private Exception Failure(StorageCall asked) =>
        options.Failure?.Invoke(asked) ?? new IOException($"A fault was put into '{asked.Operation}' of '{asked.Key}'.");

    private (bool Delays, bool FailsBefore, bool FailsAfter) Draw()
    {
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
#pragma warning disable CA5394 // As above.
            return (_random.NextDouble() < options.Delay, _random.NextDouble() < options.FailBefore,
                _random.NextDouble() < options.FailAfter);
#pragma warning restore CA5394
        }
    }

    [Conditional("DEBUG")]
    private void AssertInvariants_NeedsLock() => Debug.Assert(_lock.IsHeldByCurrentThread, "The lock must be held.");
}
