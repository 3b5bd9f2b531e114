namespace Pepper.Resources.Policies;

/// <summary>The usual expiry policies. All members are safe to call from any thread, and so is what they give.</summary>
public static class ExpiryPolicies
{
    /// <summary>The name of the policy under which nothing expires.</summary>
    public const string Never = "never";

    /// <summary>
    /// The name of the policy under which an entry expires some time after it was written, however often it is read.
    /// </summary>
    public const string AfterWrite = "after-write";

    /// <summary>The name of the policy under which an entry expires when it was neither written nor read for some time.</summary>
    public const string AfterAccess = "after-access";

    /// <summary>
    /// The names that <see cref="Create"/> knows, sorted. A policy of your own is given to a cache as an object.
    /// </summary>
    public static IReadOnlyList<string> Names { get; } = [AfterAccess, AfterWrite, Never];

    /// <summary>Creates a policy by name, as configuration chooses it.</summary>
    /// <param name="name">Its name; upper and lower case are the same.</param>
    /// <param name="timeToLive">How long an entry is good; more than zero. <see cref="Timeout.InfiniteTimeSpan"/>: for
    /// ever.</param>
    /// <typeparam name="TKey">The keys of the cache.</typeparam>
    /// <typeparam name="T">The resources of the cache.</typeparam>
    /// <exception cref="ArgumentException">There is no policy of this name; the message lists those there are.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="timeToLive"/> is zero or negative.</exception>
    public static IExpiryPolicy<TKey, T> Create<TKey, T>(string name, TimeSpan timeToLive)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (timeToLive <= TimeSpan.Zero && timeToLive != Timeout.InfiniteTimeSpan)
        {
            throw new ArgumentOutOfRangeException(
                nameof(timeToLive), timeToLive, "A time to live is more than zero, or infinite.");
        }

        return name.ToUpperInvariant() switch
        {
            "NEVER" => new FixedExpiry<TKey, T>(Timeout.InfiniteTimeSpan, false),
            "AFTER-WRITE" => new FixedExpiry<TKey, T>(timeToLive, false),
            "AFTER-ACCESS" => new FixedExpiry<TKey, T>(timeToLive, true),
            _ => throw new ArgumentException(
                $"There is no expiry policy named '{name}'; there are {string.Join(", ", Names)}.", nameof(name)),
        };
    }

    /// <summary>Creates a policy under which each entry has its own time to live.</summary>
    /// <param name="timeToLive">
    /// How long an entry is good; <see cref="Timeout.InfiniteTimeSpan"/> or less than zero: for ever; zero: it has expired at
    /// once. Called with
    /// each write, and with each read when those count; it must not block.
    /// </param>
    /// <param name="countsReads">Whether a read begins the time anew. Default: no.</param>
    /// <typeparam name="TKey">The keys of the cache.</typeparam>
    /// <typeparam name="T">The resources of the cache.</typeparam>
    public static IExpiryPolicy<TKey, T> PerEntry<TKey, T>(Func<TKey, T, TimeSpan> timeToLive, bool countsReads = false)
    {
        ArgumentNullException.ThrowIfNull(timeToLive);
        return new EntryExpiry<TKey, T>(timeToLive, countsReads);
    }

    internal static TimeSpan Due(TimeSpan now, TimeSpan timeToLive) =>
        timeToLive < TimeSpan.Zero || timeToLive > TimeSpan.MaxValue - now ? TimeSpan.MaxValue : now + timeToLive;
}
