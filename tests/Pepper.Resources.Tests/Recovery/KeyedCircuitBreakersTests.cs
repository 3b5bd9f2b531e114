using Pepper.Resources.Recovery;
using Pepper.Resources.Tests.Lifecycle;
using Pepper.Resources.Tests.Monitoring;

namespace Pepper.Resources.Tests.Recovery;

public sealed class KeyedCircuitBreakersTests : RecoveryTest
{
    private KeyedCircuitBreakers<string> NewSet(int maxKeys = 1000, LogRecorder<CircuitBreaker>? log = null) =>
        new(new KeyedCircuitBreakersOptions
        {
            Name = "hosts",
            MaxKeys = maxKeys,
            PerKey = new CircuitBreakerOptions { FailureThreshold = 1 },
        }, Time, Monitor, log);

    private static async Task UseAsync(KeyedCircuitBreakers<string> set, string key) =>
        Assert.Equal(1, await set.ExecuteAsync(key, static _ => new ValueTask<int>(1)));

    private static Task BreakAsync(KeyedCircuitBreakers<string> set, string key) =>
        Assert.ThrowsAsync<InvalidOperationException>(() => set.ExecuteAsync(key, static _ => FailAsync()).AsTask());

    [Fact]
    public async Task ExecuteAsync_KeyHasNoText_TakesNoPlace()
    {
        using var set = new KeyedCircuitBreakers<Nameless>(
            new KeyedCircuitBreakersOptions { MaxKeys = 1 }, Time, Monitor);
        await Assert.ThrowsAsync<NotSupportedException>(
            async () => await set.ExecuteAsync(new Nameless(IsNameless: true), static _ => new ValueTask<int>(1)));

        // On a thread of its own: it must not take this one, whatever it does.
        var served = Task.Run(
            () => set.ExecuteAsync(new Nameless(IsNameless: false), static _ => new ValueTask<int>(2)).AsTask(),
            TestContext.Current.CancellationToken);

        Assert.Equal(2, await served.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Execute_OneKeyFails_OthersGoOn()
    {
        using var set = NewSet();
        await BreakAsync(set, "a");

        var rejected = await Assert.ThrowsAsync<CircuitOpenException>(() => UseAsync(set, "a"));
        Assert.Contains("hosts[a]", rejected.Message, StringComparison.Ordinal);
        Assert.True((await set.TryExecuteAsync("a", static _ => new ValueTask<int>(1))).IsRejected);
        await UseAsync(set, "b");
        Assert.Equal(2, set.Count);
    }

    [Fact]
    public async Task Execute_IdleKey_IsRetired()
    {
        var log = NewLog<CircuitBreaker>();
        using var set = NewSet(log: log);
        await BreakAsync(set, "a");
        await UseAsync(set, "b");
        Time.Advance(TimeSpan.FromMinutes(9));
        await UseAsync(set, "b");
        Time.Advance(TimeSpan.FromMinutes(3));
        await UseAsync(set, "b");

        Assert.Equal(["b"], set.Keys);
        Assert.Equal(1, set.Retired);
        Assert.True(log.Has(1514, "hosts[a]"));
        await UseAsync(set, "a");
    }

    [Fact]
    public async Task Execute_KeyWithACallUnderWayOrIsolated_IsNotRetired()
    {
        using var set = NewSet();
        var work = new TaskCompletionSource<int>();
        var call = set.ExecuteAsync("busy", _ => new ValueTask<int>(work.Task)).AsTask();
        set.Isolate("isolated", "maintenance");
        await UseAsync(set, "idle");
        Time.Advance(TimeSpan.FromHours(1));
        await UseAsync(set, "other");

        Assert.Equal(["busy", "isolated", "other"], set.Keys.Order());
        Assert.Equal(CircuitState.Isolated, set.Find("isolated")?.State);
        Assert.Null(set.Find("idle"));
        work.SetResult(1);
        await call.WaitAsync(Guard);
    }

    [Fact]
    public async Task Execute_TooManyKeys_TheClosedOneThatWasUnusedForLongestMakesRoom()
    {
        using var set = NewSet(maxKeys: 3);
        await BreakAsync(set, "open");
        foreach (var key in new[] { "old", "new" })
        {
            Time.Advance(Seconds(1));
            await UseAsync(set, key);
        }

        Time.Advance(Seconds(1));
        await UseAsync(set, "one more");

        Assert.Equal(["new", "one more", "open"], set.Keys.Order());
        Assert.Equal(CircuitState.Open, set.Find("open")?.State);
    }

    [Fact]
    public async Task Execute_FloodOfKeys_StaysBoundedAndKeepsWhatIsOpen()
    {
        using var set = NewSet(maxKeys: 50);
        await BreakAsync(set, "down");
        for (var i = 0; i < 5000; i++)
        {
            await UseAsync(set, $"key {i}");
        }

        Assert.Equal(50, set.Count);
        await Assert.ThrowsAsync<CircuitOpenException>(() => UseAsync(set, "down"));
    }

    [Fact]
    public async Task Execute_AllKeysAreNeeded_RefusesAndNamesTheKnob()
    {
        using var set = NewSet(maxKeys: 1);
        set.Isolate("a");
        var thrown = await Assert.ThrowsAsync<ResourceException>(() => UseAsync(set, "b"));
        Assert.Contains("MaxKeys", thrown.Message, StringComparison.Ordinal);
        set.Find("a")!.Reset();
        await UseAsync(set, "b");
    }

    [Fact]
    public async Task Metrics_AllKeys_AreOneSeriesWithTheWorstState()
    {
        using var metrics = new MetricRecorder(Monitor);
        using var set = NewSet();
        await UseAsync(set, "a");
        await BreakAsync(set, "b");

        Assert.Equal(2, Assert.Single(metrics.Observe("pepperpy_circuit_state"),
            one => one.Key == "pepperpy_circuit_state{name=hosts}").Value);
        Assert.Equal(1, metrics.Count("pepperpy_circuit_transitions_total{name=hosts,to=open}"));
    }

    [Fact]
    public async Task Dispose_LaterCalls_AreRefused()
    {
        var set = NewSet();
        await UseAsync(set, "a");
        set.Dispose();
        Assert.Equal(0, set.Count);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => UseAsync(set, "a"));
    }

    [Fact]
    public void Execute_ManyThreadsManyKeys_BoundHoldsAndEveryCallIsMade()
    {
        using var set = new KeyedCircuitBreakers<int>(new KeyedCircuitBreakersOptions { MaxKeys = 8 }, Time, Monitor);
        var made = 0;
        var most = 0;
        RealThreads.Run(4, thread =>
        {
            var random = new Random(thread);
            for (var i = 0; i < 3000; i++)
            {
                var call = set.ExecuteAsync(random.Next(40), static _ => new ValueTask<int>(1));
                Assert.True(call.IsCompletedSuccessfully);
                Interlocked.Increment(ref made);
                most = Math.Max(most, set.Count);
            }
        });

        Assert.Equal(12_000, made);
        Assert.InRange(most, 1, 8);
        Assert.InRange(set.Count, 1, 8);
        Assert.True(set.Retired > 0);
    }

    [Fact]
    public void Constructor_FaultyOptions_ListsAllFaults()
    {
        var thrown = Assert.Throws<ArgumentException>(() => new KeyedCircuitBreakers<int>(new KeyedCircuitBreakersOptions
        {
            Name = "",
            MaxKeys = 0,
            KeyIdleTimeout = TimeSpan.Zero,
            PerKey = null!,
        }));
        Assert.Contains("4 fault(s)", thrown.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new KeyedCircuitBreakers<int>(
            new KeyedCircuitBreakersOptions { PerKey = new CircuitBreakerOptions { FailureThreshold = 0 } }));
    }

    private sealed record Nameless(bool IsNameless)
    {
        public override string ToString() => IsNameless ? throw new NotSupportedException("It has no text.") : "named";
    }
}
