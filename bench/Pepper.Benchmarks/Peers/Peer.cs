namespace Pepper.Benchmarks;

/// <summary>
/// One way to share things. Each peer writes its loops out by hand, as its users would: a common wrapper would cost some peers
/// more than others.
/// </summary>
internal abstract class Peer : IAsyncDisposable
{
    internal abstract string Name { get; }

    internal virtual string Version => Environment.Version.ToString();

    /// <summary>Whether it limits how many are out, and lets callers wait.</summary>
    internal virtual bool IsBounded => true;

    /// <summary>Whether the runtime has compiled its loops for good.</summary>
    internal bool IsWarm { get; set; }

    /// <summary>Makes everything anew with this many places, all of them filled.</summary>
    internal abstract Task PrepareAsync(int places);

    /// <summary>Acquires and releases, so many times, awaiting.</summary>
    internal abstract Task LoopAsync(int operations);

    /// <summary>The same with a token that can be cancelled, but is not.</summary>
    internal abstract Task LoopAsync(int operations, CancellationToken cancellationToken);

    /// <summary>Holds each for the length of a yield.</summary>
    internal abstract Task YieldLoopAsync(int operations, WaitSamples samples);

    /// <summary>The same, each acquire with a timeout of 30 seconds and a token.</summary>
    internal abstract Task YieldLoopAsync(int operations, TimeSpan timeout, CancellationToken cancellationToken);

    /// <summary>Holds each as the samples say.</summary>
    internal virtual Task HoldLoopAsync(int operations, HoldSamples samples) =>
        throw new NotSupportedException($"{Name} lets nobody wait.");

    /// <summary>Makes everything anew with so many things in it, all of them idle.</summary>
    internal virtual Task FillAsync(int count) => PrepareAsync(count);

    /// <summary>Takes every place, so that who comes next must wait, and makes room to keep so many who do.</summary>
    internal virtual Task TakeAllAsync(int places, int waiters) => throw new NotSupportedException($"{Name} lets nobody wait.");

    /// <summary>Begins to wait while no place is free, in the way that costs this peer least.</summary>
    internal virtual void Park(int index, TimeSpan? timeout, CancellationToken cancellationToken) =>
        throw new NotSupportedException($"{Name} lets nobody wait.");

    /// <summary>Waits until every wait has been cancelled.</summary>
    internal virtual Task EndParkedAsync() => Task.CompletedTask;

    /// <summary>Takes the outcome of a wait that was cancelled.</summary>
    protected static async Task IgnoreCancellationAsync(Task task)
    {
        try
        {
            await task;
        }
        catch (OperationCanceledException)
        {
            // That is how each of these waits ends.
        }
    }

    public abstract ValueTask DisposeAsync();
}
