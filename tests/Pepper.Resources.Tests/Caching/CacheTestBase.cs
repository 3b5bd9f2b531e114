using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Pepper.Resources.Caching;
using Pepper.Resources.Testing;
using Pepper.Resources.Tests.Pooling;

namespace Pepper.Resources.Tests.Caching;

/// <summary>
/// What the tests of caches share: manual time, a scripted loader, a monitor and a log of their own, and guards.
/// </summary>
public abstract class CacheTestBase
{
    internal static readonly TimeSpan Guard = TimeSpan.FromSeconds(30);

    internal ManualTimeProvider Time { get; } = new();

    internal ResourceMonitor Monitor { get; } = new();

    internal CacheTestLog Log { get; } = new();

    internal CacheSource Source { get; } = new();

    internal static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>A cache of three entries under lru, whose order is easy to foretell.</summary>
    internal ResourceCache<string, CachedThing> NewCache(Action<ResourceCacheOptions<string, CachedThing>>? configure = null)
    {
        var options = new ResourceCacheOptions<string, CachedThing>
        {
            Name = "tenants",
            Capacity = 3,
            Eviction = "lru",
            Loader = Source.LoadAsync,
        };
        configure?.Invoke(options);
        return new ResourceCache<string, CachedThing>(options, Time, Monitor, Log);
    }

    /// <summary>Gets, and fails instead of hanging.</summary>
    internal static async Task<Lease<CachedThing>> Get(ResourceCache<string, CachedThing> cache, string key) =>
        await cache.GetOrAddAsync(key, Stop).AsTask().WaitAsync(Guard, Stop);

    /// <summary>Gets and gives back.</summary>
    internal static async Task<CachedThing> Touch(ResourceCache<string, CachedThing> cache, string key)
    {
        using var lease = await Get(cache, key);
        return lease.Resource;
    }

    internal static async Task Until(Func<bool> isSo, string? what = null) => await PoolTestBase.Until(isSo, what);

    /// <summary>Waits until the cache has set its timer, and then lets time pass.</summary>
    internal async Task PassAsync(TimeSpan time)
    {
        await Until(() => Time.ActiveTimers > 0, "no timer was set");
        Time.Advance(time);
    }

    /// <summary>The least of many rounds counts, as the runtime allocates now and then on anybody's thread.</summary>
    internal static void AssertHitsAllocateNothing(ResourceCache<string, CachedThing> cache, string key)
    {
        var least = long.MaxValue;
        for (var round = 0; round < 20; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 1_000; i++)
            {
                Assert.True(cache.TryGet(key, out var lease));
                lease.Dispose();
            }

            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);
    }

    internal static async Task<T> Within<T>(Task<T> task) => await task.WaitAsync(Guard, Stop);

    internal static async Task Within(Task task) => await task.WaitAsync(Guard, Stop);
}

/// <summary>A resource that knows how often it was disposed, and how that goes.</summary>
public sealed class CachedThing(string key, int number) : IAsyncDisposable
{
    private int _disposed;

    public string Key { get; } = key;

    public int Number { get; } = number;

    public int Disposed => Volatile.Read(ref _disposed);

    public Func<Task>? OnDispose { get; set; }

    public override string ToString() => $"{Key}#{Number}";

    public async ValueTask DisposeAsync()
    {
        Interlocked.Increment(ref _disposed);
        if (OnDispose is { } work)
        {
            await work();
        }
    }
}

/// <summary>Loads things, in the way that the test says, and remembers them.</summary>
internal sealed class CacheSource
{
    private int _loads;

    internal int Loads => Volatile.Read(ref _loads);

    internal ConcurrentQueue<CachedThing> Made { get; } = new();

    /// <summary>Runs before each load ends; null: it ends at once.</summary>
    internal Func<string, CancellationToken, Task>? OnLoad { get; set; }

    internal async ValueTask<CachedThing> LoadAsync(string key, CancellationToken cancellationToken)
    {
        var number = Interlocked.Increment(ref _loads);
        if (OnLoad is { } work)
        {
            await work(key, cancellationToken);
        }

        CachedThing thing = new(key, number);
        Made.Enqueue(thing);
        return thing;
    }
}

internal sealed class CacheTestLog : ILogger<ResourceCache<string, CachedThing>>
{
    internal ConcurrentQueue<(int Id, string Text)> Lines { get; } = new();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Lines.Enqueue((eventId.Id, formatter(state, exception)));
}
