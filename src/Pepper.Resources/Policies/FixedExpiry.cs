namespace Pepper.Resources.Policies;

/// <summary>All entries are good for the same time, from their last write or from their last use on.</summary>
internal sealed class FixedExpiry<TKey, T>(TimeSpan timeToLive, bool countsReads) : IExpiryPolicy<TKey, T>
{
    public bool CountsReads => countsReads;

    public TimeSpan AfterWrite(TKey key, T resource, TimeSpan now) => ExpiryPolicies.Due(now, timeToLive);

    public TimeSpan AfterRead(TKey key, T resource, TimeSpan now, TimeSpan due) =>
        countsReads ? ExpiryPolicies.Due(now, timeToLive) : due;
}
