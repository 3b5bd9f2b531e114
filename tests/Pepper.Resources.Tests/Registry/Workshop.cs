using System.Collections.Concurrent;
using Pepper.Resources.Tests.Lifecycle;

namespace Pepper.Resources.Tests.Registry;

/// <summary>
/// Makes resources of one id for a manager, fails or hangs when it is told to, and counts how many are alive at a time.
/// </summary>
internal sealed class Workshop(string id, TimeProvider? time = null)
{
    private readonly ConcurrentQueue<ProbeResource> _made = new();
    private int _asked;
    private int _alive;
    private int _mostAlive;

    public Exception? Failure { get; set; }

    /// <summary>What the next ones are made by, when it hangs.</summary>
    public Stage? Stage { get; set; }

    public bool IgnoresCancellation { get; set; }

    /// <summary>What the initialization of the next ones does.</summary>
    public Func<CancellationToken, ValueTask>? Initialize { get; set; }

    public Func<ValueTask>? CleanUp { get; set; }

    public string MadeId { get; set; } = id;

    public TimeSpan? TimeToLive { get; set; }

    public int Asked => Volatile.Read(ref _asked);

    public IReadOnlyList<ProbeResource> Made => [.. _made];

    /// <summary>How many were initialized and not yet cleaned up, at most.</summary>
    public int MostAlive => Volatile.Read(ref _mostAlive);

    public int Alive => Volatile.Read(ref _alive);

    public async ValueTask<Resource> MakeAsync(CancellationToken cancellationToken)
    {
        var failure = Failure;
        var stage = Stage;
        var ignores = IgnoresCancellation;
        Interlocked.Increment(ref _asked);
        if (stage is not null)
        {
            await stage.RunAsync(ignores ? CancellationToken.None : cancellationToken);
        }

        if (failure is not null)
        {
            throw failure;
        }

        var resource = ProbeResource.Create(MadeId, TimeToLive, time, InitializeAsync, CleanUpAsync, ResourceType.File);
        _made.Enqueue(resource);
        return resource;
    }

    private async ValueTask InitializeAsync(CancellationToken cancellationToken)
    {
        var alive = Interlocked.Increment(ref _alive);
        int most;
        while (alive > (most = Volatile.Read(ref _mostAlive)))
        {
            Interlocked.CompareExchange(ref _mostAlive, alive, most);
        }

        await (Initialize?.Invoke(cancellationToken) ?? default);
    }

    private async ValueTask CleanUpAsync()
    {
        await (CleanUp?.Invoke() ?? default);
        Interlocked.Decrement(ref _alive);
    }
}
