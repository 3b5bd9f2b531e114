namespace Pepper.Resources.Policies;

/// <summary>Each entry says itself how long it is good, from its last write or from its last use on.</summary>
internal sealed class EntryExpiry<TKey, T>(Func<TKey, T, TimeSpan> timeToLive, bool countsReads) : IExpiryPolicy<TKey, T>
{
    public bool CountsReads => countsReads;

    public TimeSpan AfterWrite(TKey key, T resource, TimeSpan now) => ExpiryPolicies.Due(now, timeToLive(key, resource));

    public TimeSpan AfterRead(TKey key, T resource, TimeSpan now, TimeSpan due) =>
        countsReads ? ExpiryPolicies.Due(now, timeToLive(key, resource)) : due;
}
