namespace Pepper.Resources.Policies;

/// <summary>
/// Decides until when a cache's entry is good: one point in time for each entry, moved by what happens to it.
/// <see cref="ExpiryPolicies"/> has the usual ones.
/// </summary>
/// <remarks>
/// Times are measured from any fixed point of a monotonic clock, the same for all calls of one cache; a policy reads no clock.
/// Called from any
/// thread, never under a lock: it may be called for several entries at once, and must not block.
/// </remarks>
/// <typeparam name="TKey">The keys of the cache.</typeparam>
/// <typeparam name="T">The resources of the cache.</typeparam>
public interface IExpiryPolicy<in TKey, in T>
{
    /// <summary>Whether a read can move the time. False spares the cache the clock with each hit; it must not change.</summary>
    bool CountsReads { get; }

    /// <summary>Until when an entry is good that has just been created, put or refreshed.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="resource">What was created.</param>
    /// <param name="now">The time now.</param>
    /// <returns>The time from which on it has expired; <see cref="TimeSpan.MaxValue"/>: it never expires.</returns>
    TimeSpan AfterWrite(TKey key, T resource, TimeSpan now);

    /// <summary>
    /// Until when an entry is good that has just been read; not called when <see cref="CountsReads"/> is false.
    /// </summary>
    /// <param name="key">Its key.</param>
    /// <param name="resource">What is in the cache.</param>
    /// <param name="now">The time now.</param>
    /// <param name="due">Until when it was good.</param>
    /// <returns>The time from which on it has expired; <see cref="TimeSpan.MaxValue"/>: it never expires.</returns>
    TimeSpan AfterRead(TKey key, T resource, TimeSpan now, TimeSpan due);
}
