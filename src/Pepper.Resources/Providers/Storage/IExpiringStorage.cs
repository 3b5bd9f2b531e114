namespace Pepper.Resources.Providers;

/// <summary>A storage whose entries may expire: what the capability <c>ttl</c> means. Safe from any thread.</summary>
/// <remarks>An entry that has expired is seen by nobody: it is absent in every respect, also for conditions.</remarks>
public interface IExpiringStorage
{
    /// <summary>The finest step of a time to live: what is given is rounded up to it.</summary>
    TimeSpan TimeToLiveGranularity { get; }

    /// <summary>Gives an entry another time to live, counted from now, and a new ETag. Its content stays.</summary>
    /// <param name="key">The key.</param>
    /// <param name="timeToLive">More than zero; <c>null</c>: for ever.</param>
    /// <param name="ifMatch">Only for the entry that has this ETag. Default: <c>null</c>, whatever is there.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>The entry; <c>null</c> when there is none.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="timeToLive"/> is zero or negative.</exception>
    /// <exception cref="StorageConflictException">The ETag is another, or there is no entry while one was asked for.</exception>
    ValueTask<StorageEntry?> SetTimeToLiveAsync(
        string key, TimeSpan? timeToLive, string? ifMatch = null, CancellationToken cancellationToken = default);

    /// <summary>Gives back the room of entries that have expired.</summary>
    /// <param name="cancellationToken">Ends the call; what was purged stays purged.</param>
    /// <returns>How many were purged.</returns>
    ValueTask<int> PurgeExpiredAsync(CancellationToken cancellationToken = default);
}
