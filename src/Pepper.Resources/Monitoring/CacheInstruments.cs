using System.Diagnostics.Metrics;

namespace Pepper.Resources.Monitoring;

/// <summary>The instruments of caches: the time of loads, and state that is read when it is observed.</summary>
internal sealed class CacheInstruments
{
    internal readonly Histogram<double> LoadTime;

    private readonly ResourceSources _sources;

    internal CacheInstruments(Meter meter, ResourceSources sources)
    {
        _sources = sources;
        LoadTime = meter.CreateHistogram(
            "pepperpy_cache_load_time_seconds", "s", "Time that a cache took to load a resource.", null, Buckets.Create);
        Gauge(meter, "pepperpy_cache_entries", "Entries of the cache.", static cache => cache.Entries);
        Gauge(meter, "pepperpy_cache_weight", "What the entries of the cache weigh together.", static cache => cache.Weight);
        Gauge(meter, "pepperpy_cache_leased", "Resources of the cache that are lent.", static cache => cache.Leased);
        Gauge(meter, "pepperpy_cache_detached", "Resources that have left the cache and are still lent.",
            static cache => cache.Detached);
        Counter(meter, "pepperpy_cache_hits_total", "Gets that found a resource.", static cache => cache.Hits);
        Counter(meter, "pepperpy_cache_misses_total", "Gets that found none.", static cache => cache.Misses);
        Counter(meter, "pepperpy_cache_load_failures_total", "Loads that brought no resource.",
            static cache => cache.LoadFailures);
        Counter(meter, "pepperpy_cache_destroy_failures_total", "Destructions that threw or took too long.",
            static cache => cache.DestroyFailures);
        meter.CreateObservableCounter(
            "pepperpy_cache_evictions_total", ReadRemovals, null, "Resources that left the cache, by reason.");
    }

    private void Gauge(Meter meter, string name, string description, Func<CacheReading, long> read) =>
        meter.CreateObservableGauge(name, () => Read(read), null, description);

    private void Counter(Meter meter, string name, string description, Func<CacheReading, long> read) =>
        meter.CreateObservableCounter(name, () => Read(read), null, description);

    private IEnumerable<Measurement<long>> Read(Func<CacheReading, long> read) =>
        _sources.ReadCaches().Select(
            cache => new Measurement<long>(read(cache), new KeyValuePair<string, object?>("cache", cache.Cache)));

    private IEnumerable<Measurement<long>> ReadRemovals() =>
        from cache in _sources.ReadCaches()
        from removal in cache.Removals
        select new Measurement<long>(
            removal.Value,
            new KeyValuePair<string, object?>("cache", cache.Cache), new KeyValuePair<string, object?>("reason", removal.Key));
}
