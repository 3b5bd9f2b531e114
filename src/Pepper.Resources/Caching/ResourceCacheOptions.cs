using Pepper.Resources.Policies;
using Pepper.Resources.Recovery;

namespace Pepper.Resources.Caching;

/// <summary>
/// How a <see cref="ResourceCache{TKey, T}"/> behaves. The cache copies what it is given: later changes have no effect.
/// </summary>
/// <typeparam name="TKey">The type of the keys.</typeparam>
/// <typeparam name="T">The type of the resources.</typeparam>
/// <remarks>
/// The delegates are called from any thread, several at a time, outside every lock of the cache, and may throw: the cache copes.
/// </remarks>
public sealed class ResourceCacheOptions<TKey, T>
    where TKey : notnull
    where T : class
{
    /// <summary>The name, which is the <c>cache</c> label of the metrics: not empty. Default: <c>cache</c>.</summary>
    public string Name { get; set; } = "cache";

    /// <summary>What sort of resources it holds, for metrics and messages. Default: custom.</summary>
    public ResourceType Type { get; set; } = ResourceType.Custom;

    /// <summary>How many entries it holds at most: one or more; <c>null</c>: any number. Default: 100.</summary>
    public int? Capacity { get; set; } = 100;

    /// <summary>
    /// What the entries may weigh together, in the unit of <see cref="Weigher"/>: one or more; <c>null</c>: any weight. Default:
    /// <c>null</c>. What weighs more than this alone is not kept: whoever waits for it gets it, and it is destroyed after them.
    /// </summary>
    public long? MaxWeight { get; set; }

    /// <summary>
    /// What a resource weighs, from zero on; asked once, when it comes in. Default: each weighs one. A resource whose weigher
    /// throws, or says less than zero, is not kept: whoever waits for it gets it, and it is destroyed after them.
    /// </summary>
    public Func<TKey, T, long>? Weigher { get; set; }

    /// <summary>
    /// The eviction policy, by name (<see cref="EvictionPolicies"/>). Default: that of <see cref="EvictionPolicies.Default"/>.
    /// </summary>
    public string Eviction { get; set; } = EvictionPolicies.Default;

    /// <summary>
    /// The admission policy, by name (<see cref="AdmissionPolicies"/>): it is asked about what was loaded or put under a key that
    /// is not in the cache. Default: that of <see cref="AdmissionPolicies.Default"/>, which refuses nothing that can fit. What
    /// is refused is given to whoever waits for it, and destroyed after them.
    /// </summary>
    public string Admission { get; set; } = AdmissionPolicies.Default;

    /// <summary>
    /// The admission policy as an object, in the place of the one that <see cref="Admission"/> names. Default: <c>null</c>. When
    /// it throws, the resource is kept, and the log says so.
    /// </summary>
    public IAdmissionPolicy? AdmissionPolicy { get; set; }

    /// <summary>What happens when there is no room and all is leased. Default: the cache grows.</summary>
    public CacheFullMode WhenFull { get; set; }

    /// <summary>
    /// How long is waited for room with <see cref="CacheFullMode.Wait"/>: above zero, or <see cref="Timeout.InfiniteTimeSpan"/>.
    /// Default: 30 seconds.
    /// </summary>
    public TimeSpan RoomTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How keys are compared. Default: the type's own way. Must not throw, and not use the cache.</summary>
    public IEqualityComparer<TKey>? Comparer { get; set; }

    /// <summary>What loads a resource where a call brings no factory of its own. Default: none.</summary>
    public Func<TKey, CancellationToken, ValueTask<T>>? Loader { get; set; }

    /// <summary>
    /// How long a load may take: above zero; <c>null</c>: any time. Default: <c>null</c>. After it its token is cancelled,
    /// whoever waits gets a <see cref="ResourceTimeoutException"/>, and what it yields all the same is destroyed.
    /// </summary>
    public TimeSpan? LoadTimeout { get; set; }

    /// <summary>
    /// How long after its load, or its put, a resource is served: above zero; <c>null</c>: without end. Default: <c>null</c>.
    /// </summary>
    public TimeSpan? TimeToLive { get; set; }

    /// <summary>
    /// The expiry policy, by name (<see cref="ExpiryPolicies"/>). Default: <c>null</c>, which is <c>after-write</c>:
    /// <see cref="TimeToLive"/> counts from the load or the put. With <c>after-access</c>, which needs a
    /// <see cref="TimeToLive"/>, it counts from the last get, whether or not the resource is leased; with <c>never</c> there may
    /// be none.
    /// </summary>
    public string? Expiry { get; set; }

    /// <summary>
    /// The expiry policy as an object, in the place of the one that <see cref="Expiry"/> names. Default: <c>null</c>. It alone
    /// says until when an entry is good; when it throws, <see cref="TimeToLive"/> holds for what has come in, what was read stays
    /// good for as long as before, and the log says so, once a minute at most for reads. A policy that counts reads is asked on
    /// each hit, on the caller's thread. Not together with <see cref="Lifetime"/>; and not with <see cref="IdleTimeout"/> when
    /// it counts reads.
    /// </summary>
    public IExpiryPolicy<TKey, T>? ExpiryPolicy { get; set; }

    /// <summary>
    /// How long a resource that nobody asks for is kept: above zero; <c>null</c>: without end. Default: <c>null</c>. It counts
    /// from the last get or the last return, and not while the resource is leased.
    /// </summary>
    public TimeSpan? IdleTimeout { get; set; }

    /// <summary>
    /// The time to live of a single entry, asked once, when it comes in: above zero, or <c>null</c> for <see cref="TimeToLive"/>.
    /// Default: none. When it throws, or says zero or less, <see cref="TimeToLive"/> holds, and the log says so.
    /// </summary>
    public Func<TKey, T, TimeSpan?>? Lifetime { get; set; }

    /// <summary>
    /// Soft expiry: from this age on a get is served what there is, and one load in the background brings a new one. Above zero
    /// and below <see cref="TimeToLive"/>; <c>null</c>: never. Default: <c>null</c>. A refresh that fails leaves the old one as
    /// it is.
    /// </summary>
    public TimeSpan? RefreshAfter { get; set; }

    /// <summary>
    /// Fail-safe: for how long after its time to live a resource is served still when its load fails. Zero or more. Default:
    /// zero, which is not at all.
    /// </summary>
    public TimeSpan ServeStaleFor { get; set; }

    /// <summary>
    /// How long after a failed refresh, one whose resource was not kept, or a failed load that fail-safe covered, the next one is
    /// tried: above zero. Default: one second.
    /// </summary>
    public TimeSpan RefreshRetryDelay { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// For how long the failure of a load is told to later callers without another load: above zero; <c>null</c>: failures are
    /// not kept. Default: <c>null</c>. That there was no room, or that nobody waited any more, is no failure of the load.
    /// </summary>
    public TimeSpan? FailureTimeToLive { get; set; }

    /// <summary>
    /// How often at most is looked for what has expired: above zero. Default: one second. An expired resource is never served,
    /// but may be destroyed later by so much.
    /// </summary>
    public TimeSpan ExpiryInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Whether there may be but one resource of a key at a time. Default: false. Then a get of what was evicted and is still
    /// leased takes the same resource back in, and a get of what left for another reason waits until it is destroyed. Not
    /// together with <see cref="RefreshAfter"/> or <see cref="ServeStaleFor"/>, which need two.
    /// </summary>
    public bool UniqueKeys { get; set; }

    /// <summary>
    /// What destroys a resource. Default: <see cref="IAsyncDisposable.DisposeAsync"/>, else <see cref="IDisposable.Dispose"/>,
    /// if it has either. Its token is cancelled at <see cref="DestroyTimeout"/>.
    /// </summary>
    public Func<CacheRemoval<TKey, T>, CancellationToken, ValueTask>? Destroy { get; set; }

    /// <summary>How many resources are destroyed at the same time at most: from 1 to 1,000. Default: 4.</summary>
    public int MaxConcurrentDestroys { get; set; } = 4;

    /// <summary>
    /// How long one destruction may take: above zero, or <see cref="Timeout.InfiniteTimeSpan"/>. Default: 30 seconds. After it
    /// the destruction is reported and left to itself, and the next begins.
    /// </summary>
    public TimeSpan DestroyTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long disposing the cache waits for loads, leases and destructions: zero or more, or
    /// <see cref="Timeout.InfiniteTimeSpan"/>. Default: 30 seconds. What is leased for longer is destroyed when it comes back.
    /// </summary>
    public TimeSpan DisposeTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// A circuit that all loads go through, whatever their key: while it is open, those that would load are told at once
    /// (<see cref="CircuitOpenException"/>), or served what is stale (<see cref="ServeStaleFor"/>), and after a break one load
    /// tries. Of the options <c>Circuit</c>, <c>Classify</c> and <c>MaxBreakInDemand</c> hold for a cache; let <c>Classify</c>
    /// say which failures are of one key alone. Default: <c>null</c>, none.
    /// </summary>
    public FactoryRecoveryOptions? Recovery { get; set; }

    internal EvictionCapacity EvictionCapacity =>
        new(Capacity ?? (MaxWeight is null ? long.MaxValue : (long?)null), MaxWeight);

    /// <summary>Whether it is asked how old what it holds is, although nothing of it need expire.</summary>
    internal bool KeepsAge { get; set; }

    internal bool IsTimed =>
        KeepsAge || TimeToLive is not null || IdleTimeout is not null || Lifetime is not null || RefreshAfter is not null
        || ExpiryPolicy is not null;

    /// <summary>Whether the expiry policy's name is this one.</summary>
    internal bool IsExpiry(string name) =>
        ExpiryPolicy is null && string.Equals(Expiry, name, StringComparison.OrdinalIgnoreCase);

    internal bool IsStrict => WhenFull is CacheFullMode.Wait or CacheFullMode.Reject;

    internal ResourceCacheOptions<TKey, T> Copy()
    {
        var copy = (ResourceCacheOptions<TKey, T>)MemberwiseClone();
        copy.Recovery = Recovery?.Copy();
        return copy;
    }
}
