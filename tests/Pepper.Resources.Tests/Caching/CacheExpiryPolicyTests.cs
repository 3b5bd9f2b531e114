using Pepper.Resources.Caching;
using Pepper.Resources.Policies;

namespace Pepper.Resources.Tests.Caching;

public sealed class CacheExpiryPolicyTests : CacheTestBase
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Tick = TimeSpan.FromTicks(1);

    [Fact]
    public async Task AfterAccess_GetsInBetween_PutItOff()
    {
        await using var cache = NewCache(static options => (options.Expiry, options.TimeToLive) = ("After-Access", Minute));
        var thing = await Touch(cache, "a");
        for (var i = 0; i < 3; i++)
        {
            Time.Advance(Minute - Tick);
            Assert.Same(thing, await Touch(cache, "a"));
        }

        Time.Advance(Minute);
        Assert.False(cache.TryGet("a", out _));

        // The timer may have been set for an earlier end, or may be just now.
        await Until(() =>
        {
            Time.Advance(Second);
            return thing.Disposed == 1;
        });
        Assert.Equal(1, cache.Statistics.Expirations);
    }

    [Fact]
    public async Task AfterWrite_ByName_IsTheTimeToLive()
    {
        await using var cache = NewCache(static options => (options.Expiry, options.TimeToLive) = ("after-write", Minute));
        await Touch(cache, "a");
        Time.Advance(Minute - Tick);
        Assert.True(cache.TryGet("a", out var lease));
        lease.Dispose();
        Time.Advance(Tick);
        Assert.False(cache.TryGet("a", out _));
    }

    [Fact]
    public async Task Never_ByName_KeepsForEver()
    {
        await using var cache = NewCache(static options => options.Expiry = "never");
        var thing = await Touch(cache, "a");
        Time.Advance(TimeSpan.FromDays(1_000));

        Assert.Same(thing, await Touch(cache, "a"));
        Assert.Equal(0, Time.ActiveTimers);
    }

    [Fact]
    public async Task PerEntry_OwnDelegate_SaysForEachKey()
    {
        await using var cache = NewCache(static options => options.ExpiryPolicy = ExpiryPolicies.PerEntry<string, CachedThing>(
            static (key, _) => key switch { "short" => Second, "long" => Minute, _ => Timeout.InfiniteTimeSpan }));
        foreach (var key in (string[])["short", "long", "endless"])
        {
            await Touch(cache, key);
        }

        Time.Advance(Second);
        Assert.Equal(["endless", "long"], Keys(cache));
        Time.Advance(Minute);
        Assert.Equal(["endless"], Keys(cache));
    }

    [Fact]
    public async Task AfterRead_MovesTheEndForward_IsDestroyedThen()
    {
        // For ever, until somebody reads it: then a second more.
        Moved policy = new(static (_, _) => TimeSpan.MaxValue, static (now, _) => now + Second);
        await using var cache = NewCache(options => options.ExpiryPolicy = policy);
        var thing = await Touch(cache, "a");
        Assert.Equal(0, Time.ActiveTimers);
        Time.Advance(Minute);
        Assert.Same(thing, await Touch(cache, "a"));
        await PassAsync(Second);

        await Until(() => thing.Disposed == 1);
        Assert.Equal((0, 1), (cache.Count, cache.Statistics.Expirations));
    }

    [Fact]
    public async Task AfterAccess_WithRefreshAfter_IsRenewedInTheBackground()
    {
        await using var cache = NewCache(static options =>
            (options.Expiry, options.TimeToLive, options.RefreshAfter) = ("after-access", Minute, Minute + Second));
        var first = await Touch(cache, "a");
        Time.Advance(Minute - Second);
        Assert.Same(first, await Touch(cache, "a"));
        Time.Advance(Second);
        Assert.Same(first, await Touch(cache, "a"));
        Assert.Equal(1, Source.Loads);

        // Its soft end is that of its coming in, whatever reads say of the hard one.
        Time.Advance(Second);
        Assert.Same(first, await Touch(cache, "a"));
        await Until(() => first.Disposed == 1);
        Assert.Equal(2, (await Touch(cache, "a")).Number);
    }

    [Fact]
    public async Task AfterAccess_LoadFails_StaleIsServedAndGrowsNoFresher()
    {
        await using var cache = NewCache(static options =>
            (options.Expiry, options.TimeToLive, options.ServeStaleFor) = ("after-access", Minute, Minute));
        var first = await Touch(cache, "a");
        Source.OnLoad = static (_, _) => throw new IOException("down");
        Time.Advance(Minute);
        for (var i = 0; i < 3; i++)
        {
            using var lease = await Get(cache, "a");
            Assert.Same(first, lease.Resource);
            Assert.True(lease.IsOutdated);
        }

        Time.Advance(Minute);
        await Assert.ThrowsAsync<IOException>(() => Get(cache, "a"));
    }

    [Fact]
    public async Task AfterWrite_Throws_TimeToLiveHolds()
    {
        Moved policy = new(static (_, _) => throw new InvalidOperationException("no idea"), static (_, due) => due);
        await using var cache = NewCache(options => (options.ExpiryPolicy, options.TimeToLive) = (policy, Minute));
        var thing = await Touch(cache, "a");
        Time.Advance(Minute - Tick);
        Assert.Same(thing, await Touch(cache, "a"));
        Time.Advance(Tick);

        Assert.False(cache.TryGet("a", out _));
        Assert.Contains("no idea", Assert.Single(Log.Lines, static line => line.Id == 1605).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AfterRead_Throws_LeavesTheEndAndIsReportedOnceAMinute()
    {
        Moved policy = new(
            static (now, _) => now + (Minute * 2), static (_, _) => throw new InvalidOperationException("no idea"));
        await using var cache = NewCache(options => options.ExpiryPolicy = policy);
        var thing = await Touch(cache, "a");
        for (var i = 0; i < 10; i++)
        {
            Assert.Same(thing, await Touch(cache, "a"));
        }

        Assert.Single(Log.Lines, static line => line.Id == 1605);
        Time.Advance(Minute);
        Assert.Same(thing, await Touch(cache, "a"));
        Assert.Equal(2, Log.Lines.Count(static line => line.Id == 1605));
        Time.Advance(Minute);
        Assert.False(cache.TryGet("a", out _));
    }

    [Fact]
    public async Task AfterWrite_Negative_HasExpiredAtOnce()
    {
        Moved policy = new(static (_, _) => -Minute, static (_, due) => due);
        await using var cache = NewCache(options => options.ExpiryPolicy = policy);
        var first = await Touch(cache, "a");

        Assert.False(cache.TryGet("a", out _));
        Assert.NotSame(first, await Touch(cache, "a"));
        await Until(() => first.Disposed == 1);
    }

    [Fact]
    public async Task Asked_Policy_HoldsNoLock()
    {
        ResourceCache<string, CachedThing>? cache = null;
        var free = 0;
        TimeSpan Ask(TimeSpan now, TimeSpan due)
        {
            Thread other = new(() => GC.KeepAlive(cache!.Statistics));
            other.Start();
            free += other.Join(Guard) ? 1 : 0;
            return now + Minute;
        }

        await using var made = NewCache(options => options.ExpiryPolicy = new Moved(Ask, Ask));
        cache = made;
        await Touch(made, "a");
        await Touch(made, "a");

        Assert.Equal(2, free);
    }

    [Fact]
    public async Task TryGet_AfterAccess_AllocatesNothing()
    {
        await using var cache = NewCache(static options => (options.Expiry, options.TimeToLive) = ("after-access", Minute));
        await Touch(cache, "a");
        AssertHitsAllocateNothing(cache, "a");
    }

    [Fact]
    public void New_PoliciesAtOdds_AreListedAtOnce()
    {
        static string Faults(Action<ResourceCacheOptions<string, object>> configure)
        {
            ResourceCacheOptions<string, object> options = new();
            configure(options);
            return Assert.Throws<ArgumentException>(() => new ResourceCache<string, object>(options)).Message;
        }

        var unknown = Faults(static options => (options.Expiry, options.Admission) = ("later", "nobody"));
        Assert.Contains("'later', but there are: after-access, after-write, never", unknown, StringComparison.Ordinal);
        Assert.Contains("'nobody', but there are: always, by-weight, doorkeeper", unknown, StringComparison.Ordinal);
        var endless = Faults(static options => options.Expiry = "after-access");
        Assert.Contains("TimeToLive, which says", endless, StringComparison.Ordinal);
        Assert.Contains("'never', but TimeToLive is 00:01:00", Faults(
            static options => (options.Expiry, options.TimeToLive) = ("never", Minute)), StringComparison.Ordinal);
        var both = Faults(static options =>
        {
            options.ExpiryPolicy = ExpiryPolicies.Create<string, object>("after-access", Minute);
            options.Lifetime = static (_, _) => Minute;
            options.IdleTimeout = Minute;
        });
        Assert.Contains("Lifetime is set, but so is", both, StringComparison.Ordinal);
        Assert.Contains("IdleTimeout is 00:01:00, but", both, StringComparison.Ordinal);
    }

    private static IEnumerable<string> Keys(ResourceCache<string, CachedThing> cache) =>
        cache.GetEntries().Select(static entry => entry.Key).Order();

    private sealed class Moved(Func<TimeSpan, TimeSpan, TimeSpan> onWrite, Func<TimeSpan, TimeSpan, TimeSpan> onRead)
        : IExpiryPolicy<string, CachedThing>
    {
        public bool CountsReads => true;

        public TimeSpan AfterWrite(string key, CachedThing resource, TimeSpan now) => onWrite(now, TimeSpan.Zero);

        public TimeSpan AfterRead(string key, CachedThing resource, TimeSpan now, TimeSpan due) => onRead(now, due);
    }
}
