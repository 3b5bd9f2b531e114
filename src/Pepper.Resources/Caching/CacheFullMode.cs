namespace Pepper.Resources.Caching;

/// <summary>What a cache does when it is full and everything that it could evict is leased.</summary>
public enum CacheFullMode
{
    /// <summary>
    /// It grows beyond its capacity, and shrinks again as leases end. Nobody waits and nothing is refused. The default.
    /// </summary>
    Grow,

    /// <summary>
    /// It holds its capacity, but takes what is leased out: its holders keep it, nobody new gets it, and it is destroyed after
    /// its last lease. There may be more resources alive than the cache holds.
    /// </summary>
    Detach,

    /// <summary>
    /// Whoever needs room waits for it, first come first served (for weight: whoever fits first), for at most
    /// <see cref="ResourceCacheOptions{TKey, T}.RoomTimeout"/>. Never are more resources alive than the capacity says, those
    /// included that are being made or destroyed.
    /// </summary>
    Wait,

    /// <summary>
    /// Whoever needs room gets a <see cref="CacheFullException"/> at once. The capacity holds as with <see cref="Wait"/>; for
    /// the end of a destruction that makes room it is waited all the same.
    /// </summary>
    Reject,
}
