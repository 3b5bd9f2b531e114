using System.Collections.Concurrent;
using Pepper.Resources.Recovery;
using Pepper.Resources.Tests.Lifecycle;

namespace Pepper.Resources.Tests.Recovery;

/// <summary>Observers see everything in order, and cannot do harm.</summary>
public sealed class CircuitBreakerObserverTests : RecoveryTest
{
    private async Task CycleAsync(CircuitBreaker breaker)
    {
        await FailAsync(breaker, 5);
        Time.Advance(Seconds(60));
        await SucceedAsync(breaker);
    }

    [Fact]
    public async Task Observer_Transitions_ComeInOrderOnTheThreadPoolWithoutTheCallersContext()
    {
        var local = new AsyncLocal<string> { Value = "mine" };
        using var breaker = NewBreaker(options => options.Name = "db");
        var seen = new ConcurrentQueue<(CircuitTransition Transition, bool IsPool, string? Local)>();
        using var subscription = breaker.Subscribe(
            one => seen.Enqueue((one, Thread.CurrentThread.IsThreadPoolThread, local.Value)));

        await CycleAsync(breaker);
        breaker.Isolate();
        await Eventually.HoldsAsync(() => seen.Count == 4);

        Assert.Equal(
            [
                (CircuitState.Closed, CircuitState.Open), (CircuitState.Open, CircuitState.HalfOpen),
                (CircuitState.HalfOpen, CircuitState.Closed), (CircuitState.Closed, CircuitState.Isolated),
            ],
            seen.Select(one => (one.Transition.From, one.Transition.To)));
        Assert.Equal([1L, 2, 3, 4], seen.Select(one => one.Transition.Sequence));
        Assert.All(seen, one => Assert.Equal((true, null), (one.IsPool, one.Local)));
        var opened = seen.First().Transition;
        Assert.Equal(("db", Seconds(60), "broken"), (opened.Name, opened.Break, opened.Cause?.Message));
    }

    [Fact]
    public async Task Observer_Throws_IsLoggedAndGoesOn()
    {
        var log = NewLog<CircuitBreaker>(throws: true);
        using var breaker = new CircuitBreaker(null, Time, Monitor, log);
        using var subscription = breaker.Subscribe(static _ => throw new FormatException("bad observer"));

        await CycleAsync(breaker);

        Assert.Equal(CircuitState.Closed, breaker.State);
        await Eventually.HoldsAsync(() => log.Entries.Count(entry => entry.Id == 1512) == 3);
        Assert.True(log.Has(1510, "5 failure(s) in a row: broken"));
        Assert.True(log.Has(1511, "half_open to closed"));
    }

    [Fact]
    public async Task Observer_Hangs_StopsNobodyAndMissesWhatIsTooMuch()
    {
        using var breaker = NewBreaker();
        using var open = new ManualResetEventSlim();
        var seen = new ConcurrentQueue<CircuitTransition>();
        var others = 0;
        using var hanging = breaker.Subscribe(one =>
        {
            open.Wait(Guard);
            seen.Enqueue(one);
        });
        using var other = breaker.Subscribe(_ => Interlocked.Increment(ref others));

        for (var i = 0; i < 300; i++)
        {
            breaker.Isolate();
            breaker.Reset();
            await Eventually.HoldsAsync(() => Volatile.Read(ref others) == 2 * (i + 1));
        }

        open.Set();
        await Eventually.HoldsAsync(() => seen.Count >= 256);
        breaker.Isolate();
        await Eventually.HoldsAsync(() => seen.Last().Sequence == 601);
        Assert.Equal(601, seen.Count + seen.Last().Missed);
        Assert.InRange(seen.Count, 257, 259);
    }

    [Fact]
    public async Task Observer_Disposed_HearsNothingMore()
    {
        using var breaker = NewBreaker();
        var first = 0;
        var second = 0;
        var subscription = breaker.Subscribe(_ => Interlocked.Increment(ref first));
        using var other = breaker.Subscribe(_ => Interlocked.Increment(ref second));
        breaker.Isolate();
        await Eventually.HoldsAsync(() => Volatile.Read(ref first) == 1);

        subscription.Dispose();
        breaker.Reset();

        await Eventually.HoldsAsync(() => Volatile.Read(ref second) == 2);
        Assert.Equal(1, first);
    }

    [Fact]
    public async Task Observer_AsksTheCircuit_DoesNotDeadlock()
    {
        using var breaker = NewBreaker();
        var states = new ConcurrentQueue<CircuitState>();
        using var subscription = breaker.Subscribe(_ =>
        {
            states.Enqueue(breaker.Statistics.State);
            if (states.Count == 1)
            {
                breaker.Reset();
            }
        });
        breaker.Isolate();
        await Eventually.HoldsAsync(() => states.Count == 2);
        Assert.Equal(CircuitState.Closed, breaker.State);
    }
}
