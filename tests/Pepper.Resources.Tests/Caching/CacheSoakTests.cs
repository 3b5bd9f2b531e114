using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Pepper.Resources.Caching;
using Pepper.Resources.Policies;

namespace Pepper.Resources.Tests.Caching;

/// <summary>
/// Caches of all modes side by side, and everything that can be done to them, on real threads, in real time: for some seconds,
/// or for as many minutes as PEPPER_STRESS_MINUTES says. A failure names the seed, which PEPPER_SEED takes; as threads race, it
/// repeats the choices of the callers and not their order.
/// </summary>
[Trait("Category", "Long")]
public sealed class CacheSoakTests
{
    private const int Callers = 8;
    private const int Keys = 50;
    private static readonly TimeSpan Guard = TimeSpan.FromSeconds(60);

    private readonly int _seed = int.TryParse(Environment.GetEnvironmentVariable("PEPPER_SEED"), out var seed)
        ? seed
        : Environment.TickCount & 0xff_ffff;

    private readonly TimeSpan _time = double.TryParse(
        Environment.GetEnvironmentVariable("PEPPER_STRESS_MINUTES"), CultureInfo.InvariantCulture, out var minutes)
        ? TimeSpan.FromMinutes(minutes)
        : TimeSpan.FromSeconds(4);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Caches_EverythingAtOnceForAWhile_DestroyEachOnceAndNothingThatIsHeld()
    {
        var clock = Stopwatch.StartNew();
        var targets = NewCaches();
        bool IsOver() => clock.Elapsed >= _time || targets.Exists(static target => !target.Faults.IsEmpty);
        var running = targets.SelectMany((target, at) => Enumerable.Range(0, Callers).Select(number => Task.Run(
            () => target.CallAsync(new Random(_seed + (at * Callers) + number), Keys, IsOver), Stop))).ToList();
        try
        {
            await Task.WhenAll(running).WaitAsync(_time + Guard, Stop);
        }
        catch (TimeoutException)
        {
            Assert.Fail($"Seed {_seed}: {running.Count(static task => !task.IsCompleted)} callers hang: "
                + string.Join("; ", targets.Select(static target => $"{target.Name} {target.Cache.Statistics}")));
        }

        foreach (var target in targets)
        {
            await target.FinishAsync(Guard);
        }

        TestContext.Current.TestOutputHelper?.WriteLine(
            $"soak of {clock.Elapsed.TotalSeconds:0} s, seed {_seed}: {string.Join(", ", targets)}");
        var faults = targets.SelectMany(static target => target.Faults).ToList();
        Assert.True(faults.Count == 0, $"Seed {_seed}: {string.Join(Environment.NewLine, faults.Take(10))}");
        Assert.True(
            targets.TrueForAll(static target => target.Served > 50), $"Too little has happened: {string.Join(", ", targets)}");
    }

    private static List<SoakCache> NewCaches() =>
        [
            new("grow", CacheFullMode.Grow, static _ => { }),
            new("detach", CacheFullMode.Detach, static options => options.Eviction = "lru"),
            new("wait", CacheFullMode.Wait, static options => options.DestroyTimeout = Timeout.InfiniteTimeSpan),
            new("reject", CacheFullMode.Reject, static options => options.DestroyTimeout = Timeout.InfiniteTimeSpan),
            new("unique", CacheFullMode.Detach, static options =>
            {
                options.UniqueKeys = true;
                options.Admission = "doorkeeper";
                options.DestroyTimeout = Timeout.InfiniteTimeSpan;
                options.IdleTimeout = TimeSpan.FromMilliseconds(30);
            }),
            new("expiring", CacheFullMode.Grow, static options =>
            {
                options.Eviction = "adaptive";
                options.TimeToLive = TimeSpan.FromMilliseconds(40);
                options.RefreshAfter = TimeSpan.FromMilliseconds(15);
                options.ServeStaleFor = TimeSpan.FromMilliseconds(40);
                options.IdleTimeout = TimeSpan.FromMilliseconds(30);
                options.RefreshRetryDelay = TimeSpan.FromMilliseconds(5);
                options.ExpiryInterval = TimeSpan.FromMilliseconds(5);
            }),
            new("heavy", CacheFullMode.Wait, static options =>
            {
                options.Eviction = "lfu";
                options.MaxWeight = 20;
                options.Weigher = static (key, _) => key % 25;
                options.DestroyTimeout = Timeout.InfiniteTimeSpan;
            }),
            new("choosy", CacheFullMode.Grow, static options =>
            {
                options.Admission = "doorkeeper";
                options.Expiry = "after-access";
                options.TimeToLive = TimeSpan.FromMilliseconds(20);
                options.RefreshAfter = TimeSpan.FromMilliseconds(30);
                options.ServeStaleFor = TimeSpan.FromMilliseconds(20);
                options.RefreshRetryDelay = TimeSpan.FromMilliseconds(5);
                options.ExpiryInterval = TimeSpan.FromMilliseconds(5);
            }),
            new("moody", CacheFullMode.Wait, static options =>
            {
                options.AdmissionPolicy = new MoodyPolicies();
                options.ExpiryPolicy = new MoodyPolicies();
                options.TimeToLive = TimeSpan.FromMilliseconds(10);
                options.ExpiryInterval = TimeSpan.FromMilliseconds(5);
                options.DestroyTimeout = Timeout.InfiniteTimeSpan;
            }),
        ];
}

/// <summary>Policies that say now this and now that, and at times throw.</summary>
internal sealed class MoodyPolicies : IAdmissionPolicy, IExpiryPolicy<int, SoakThing>
{
    public string Name => "moody";

    public bool CountsReads => true;

    public bool Admit(in AdmissionRequest request) => Mood() % 3 > 0;

    public TimeSpan AfterWrite(int key, SoakThing resource, TimeSpan now) => now + TimeSpan.FromMilliseconds(Mood());

    public TimeSpan AfterRead(int key, SoakThing resource, TimeSpan now, TimeSpan due) =>
        now + TimeSpan.FromMilliseconds(Mood() - 2);

    private static int Mood() =>
        Random.Shared.Next(20) is var mood and > 0 ? mood : throw new InvalidOperationException("in no mood");
}

/// <summary>What a soaked cache lends: it knows who holds it, and how often it was destroyed.</summary>
internal sealed class SoakThing(int key, bool isPut)
{
    private int _holders;
    private int _destroyed;

    internal int Key => key;

    /// <summary>What was put is alive before the cache can have anything to say about it.</summary>
    internal bool IsPut => isPut;

    internal int Destroyed => Volatile.Read(ref _destroyed);

    internal string? Enter()
    {
        Interlocked.Increment(ref _holders);
        return Destroyed > 0 ? $"what was lent of key {key} is destroyed" : null;
    }

    internal string? Leave()
    {
        var wasDestroyed = Destroyed > 0;
        Interlocked.Decrement(ref _holders);
        return wasDestroyed ? $"what was held of key {key} was destroyed" : null;
    }

    internal string? Destroy() =>
        Interlocked.Increment(ref _destroyed) > 1 ? $"a resource of key {key} was destroyed twice"
        : Volatile.Read(ref _holders) > 0 ? $"a resource of key {key} was destroyed while it was held" : null;
}

/// <summary>One cache under soak, with the books of what was made and destroyed.</summary>
internal sealed class SoakCache
{
    private const int Capacity = 6;

    private readonly ConcurrentBag<SoakThing> _made = [];
    private readonly int[] _liveOfKey = new int[64];
    private readonly bool _isUnique;
    private readonly bool _isStrict;
    private int _live;
    private int _mostLive;
    private int _served;
    private int _refused;

    internal SoakCache(string name, CacheFullMode mode, Action<ResourceCacheOptions<int, SoakThing>> configure)
    {
        Name = name;
        ResourceCacheOptions<int, SoakThing> options = new()
        {
            Name = name,
            Capacity = Capacity,
            WhenFull = mode,
            Loader = LoadAsync,
            Destroy = DestroyAsync,
            DestroyTimeout = TimeSpan.FromMilliseconds(20),
            RoomTimeout = TimeSpan.FromSeconds(20),
        };
        configure(options);
        _isUnique = options.UniqueKeys;
        _isStrict = mode is CacheFullMode.Wait or CacheFullMode.Reject;
        Cache = new ResourceCache<int, SoakThing>(options, monitor: new ResourceMonitor());
    }

    internal string Name { get; }

    internal ResourceCache<int, SoakThing> Cache { get; }

    internal ConcurrentQueue<string> Faults { get; } = new();

    internal int Served => Volatile.Read(ref _served);

    public override string ToString() =>
        $"{Name}: {_served} served, {_refused} refused, {_made.Count} made, at most {_mostLive} live";

    internal async Task CallAsync(Random random, int keys, Func<bool> isOver)
    {
        while (!isOver())
        {
            var key = Math.Min(random.Next(keys), random.Next(keys));
            try
            {
                await StepAsync(random, key);
            }
            catch (Exception failure) when (failure is OperationCanceledException or SoakLoadException or CacheFullException)
            {
                Interlocked.Increment(ref _refused);
            }
            catch (Exception failure)
            {
                Faults.Enqueue($"{Name}: {failure}");
            }
        }
    }

    /// <summary>Disposes the cache; then everything that was ever made is gone, once.</summary>
    internal async Task FinishAsync(TimeSpan guard)
    {
        await Cache.DisposeAsync().AsTask().WaitAsync(guard);
        var begun = Stopwatch.GetTimestamp();
        while (_made.Any(static thing => thing.Destroyed == 0) && Stopwatch.GetElapsedTime(begun) < guard)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
        }

        var left = _made.Count(static thing => thing.Destroyed != 1);
        var now = Cache.Statistics;
        if (left > 0 || now.Leases > 0 || now.Detached > 0 || now.Destroying > 0 || now.Loading > 0 || now.Count > 0)
        {
            Faults.Enqueue($"{Name}: {left} of {_made.Count} were not destroyed once; {now}");
        }

        // A refresh may be one above, for a while; each caller can begin one.
        if (_isStrict && _mostLive > Capacity + 8)
        {
            Faults.Enqueue($"{Name}: {_mostLive} were live at once.");
        }
    }

    private async Task StepAsync(Random random, int key)
    {
        switch (random.Next(100))
        {
            case < 2:
                Cache.Remove(key);
                break;
            case < 3 when random.Next(10) == 0:
                Cache.Clear();
                break;
            case < 5 when !_isUnique:
                await PutAsync(key);
                break;
            case < 7:
                await Cache.RefreshAsync(key);
                break;
            case < 20:
                using (CancellationTokenSource leaving = new(TimeSpan.FromMilliseconds(random.Next(3))))
                {
                    await UseAsync(random, await Cache.GetOrAddAsync(key, leaving.Token));
                }

                break;
            case < 60:
                if (Cache.TryGet(key, out var found))
                {
                    await UseAsync(random, found);
                }

                break;
            default:
                await UseAsync(random, await Cache.GetOrAddAsync(key));
                break;
        }
    }

    private async Task PutAsync(int key)
    {
        var thing = NewThing(key, isPut: true);
        await Cache.PutAsync(key, thing);
    }

    private async Task UseAsync(Random random, Lease<SoakThing> lease)
    {
        var thing = lease.Resource;
        Note(thing.Enter());
        Interlocked.Increment(ref _served);
        switch (random.Next(20))
        {
            case 0:
                lease.Invalidate();
                break;
            case 1:
                await Task.Delay(TimeSpan.FromMilliseconds(random.Next(3)), TimeProvider.System);
                break;
            case < 8:
                await Task.Yield();
                break;
        }

        if (thing.Key < 0 || !ReferenceEquals(lease.Resource, thing))
        {
            Note("a lease shows another resource than before");
        }

        Note(thing.Leave());
        if (random.Next(4) == 0)
        {
            var copy = lease;
            await Task.WhenAll(Task.Run(copy.Dispose), Task.Run(lease.Dispose));
        }

        lease.Dispose();
    }

    private SoakThing NewThing(int key, bool isPut)
    {
        SoakThing thing = new(key, isPut);
        _made.Add(thing);
        return thing;
    }

    private async ValueTask<SoakThing> LoadAsync(int key, CancellationToken cancellationToken)
    {
        var live = Interlocked.Increment(ref _live);
        InterlockedMax(ref _mostLive, live);
        if (Interlocked.Increment(ref _liveOfKey[key]) > 1 && _isUnique)
        {
            Note($"key {key} has two resources at once");
        }

        try
        {
            var luck = Random.Shared.Next(20);
            await (luck < 6 ? Task.Delay(TimeSpan.FromMilliseconds(luck % 3), TimeProvider.System, cancellationToken)
                : Task.CompletedTask);
            return luck == 19 ? throw new SoakLoadException() : NewThing(key, isPut: false);
        }
        catch (Exception)
        {
            Interlocked.Decrement(ref _live);
            Interlocked.Decrement(ref _liveOfKey[key]);
            throw;
        }
    }

    private async ValueTask DestroyAsync(CacheRemoval<int, SoakThing> removal, CancellationToken cancellationToken)
    {
        Note(removal.Resource.Destroy());
        var luck = Random.Shared.Next(40);
        if (luck == 0)
        {
            // Longer than its limit, where there is one.
            await Task.Delay(TimeSpan.FromMilliseconds(30), TimeProvider.System, CancellationToken.None);
        }

        if (!removal.Resource.IsPut)
        {
            Interlocked.Decrement(ref _live);
            Interlocked.Decrement(ref _liveOfKey[removal.Key]);
        }

        if (luck == 1)
        {
            throw new InvalidOperationException("in no mood");
        }
    }

    private void Note(string? fault)
    {
        if (fault is not null)
        {
            Faults.Enqueue($"{Name}: {fault}");
        }
    }

    private static void InterlockedMax(ref int place, int value)
    {
        var seen = Volatile.Read(ref place);
        while (seen < value && Interlocked.CompareExchange(ref place, value, seen) is var now && now != seen)
        {
            seen = now;
        }
    }

    private sealed class SoakLoadException : Exception;
}
