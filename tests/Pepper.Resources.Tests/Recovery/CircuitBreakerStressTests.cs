using System.Collections.Concurrent;
using Pepper.Resources.Recovery;
using Pepper.Resources.Tests.Lifecycle;

namespace Pepper.Resources.Tests.Recovery;

/// <summary>Many threads on one circuit, while time goes on and operators interfere.</summary>
[Trait("Category", "Long")]
public sealed class CircuitBreakerStressTests : RecoveryTest
{
    private static readonly int Rounds = Environment.GetEnvironmentVariable("PEPPER_LONG") == "1" ? 2_000_000 : 20_000;

    private static readonly (CircuitState From, CircuitState To)[] Legal =
    [
        (CircuitState.Closed, CircuitState.Open), (CircuitState.Open, CircuitState.HalfOpen),
        (CircuitState.HalfOpen, CircuitState.Open), (CircuitState.HalfOpen, CircuitState.Closed),
        (CircuitState.Closed, CircuitState.Isolated), (CircuitState.Open, CircuitState.Isolated),
        (CircuitState.HalfOpen, CircuitState.Isolated), (CircuitState.Isolated, CircuitState.Closed),
        (CircuitState.Open, CircuitState.Closed),
    ];

    private sealed class Tally
    {
        internal readonly ConcurrentDictionary<CircuitPhase, int> Running = new();
        internal long Entered;
        internal long Rejected;
        internal int MostTrials;
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(3, false)]
    [InlineData(2, true)]
    public async Task Circuit_ManyThreads_TrialsAreBoundedTransitionsLegalAndCountsAddUp(int trials, bool hasWindow)
    {
        using var breaker = NewBreaker(options =>
        {
            options.FailureThreshold = 3;
            options.HalfOpenTrials = trials;
            options.ResetTimeout = TimeSpan.FromMilliseconds(5);
            options.HalfOpenTimeout = TimeSpan.FromMilliseconds(20);
            options.FailureRatio = hasWindow ? 0.7 : null;
        });
        var seen = new ConcurrentQueue<CircuitTransition>();
        using var subscription = breaker.Subscribe(seen.Enqueue);
        var tally = new Tally();

        RealThreads.Run(4, thread => Work(breaker, tally, new Random(thread), isOperator: thread == 0));

        var statistics = breaker.Statistics;
        Assert.InRange(tally.MostTrials, 1, trials);
        Assert.Equal(tally.Rejected, statistics.Rejected);
        Assert.Equal(0, statistics.Trials);
        Assert.Equal(tally.Entered, statistics.Successes + statistics.Failures + statistics.Neutral + statistics.Stale);
        Assert.True(statistics.Transitions > 100, $"only {statistics.Transitions} transitions");
        await CheckTransitionsAsync(breaker, seen, statistics);
    }

    private static async Task CheckTransitionsAsync(
        CircuitBreaker breaker, ConcurrentQueue<CircuitTransition> seen, CircuitStatistics statistics)
    {
        // What was missed is told with the next transition, so now and then there is one more.
        var looks = 0;
        await Eventually.HoldsAsync(() =>
        {
            if (++looks % 1000 == 0)
            {
                breaker.Isolate();
                breaker.Reset();
            }

            return Told(seen) == breaker.Statistics.Transitions;
        });
        Assert.Equal(statistics.Opened, seen.Any(one => one.Missed > 0) ? statistics.Opened : seen.Count(Opens));
        Assert.All(seen, one => Assert.Contains((one.From, one.To), Legal));
        CircuitTransition? previous = null;
        foreach (var one in seen)
        {
            if (previous is not null && one.Missed == 0)
            {
                Assert.Equal(previous.To, one.From);
                Assert.Equal(previous.Sequence + 1, one.Sequence);
            }

            previous = one;
        }
    }

    private static bool Opens(CircuitTransition one) => one.To == CircuitState.Open;

    private static long Told(ConcurrentQueue<CircuitTransition> seen) => seen.Sum(one => 1 + one.Missed);

    private void Work(CircuitBreaker breaker, Tally tally, Random random, bool isOperator)
    {
        for (var round = 0; round < Rounds; round++)
        {
            if (random.Next(20) == 0)
            {
                Time.Advance(TimeSpan.FromMilliseconds(1));
            }

            if (isOperator && random.Next(2000) == 0)
            {
                breaker.Isolate();
                breaker.Reset();
            }

            if (!breaker.TryEnter(out var permit, out var rejection))
            {
                Interlocked.Increment(ref tally.Rejected);
                Assert.True(rejection.RetryAfter >= TimeSpan.Zero || rejection.State == CircuitState.Isolated);
                continue;
            }

            Interlocked.Increment(ref tally.Entered);
            Call(breaker, tally, random, permit);
        }
    }

    private void Call(CircuitBreaker breaker, Tally tally, Random random, CircuitPermit permit)
    {
        if (permit.IsTrial)
        {
            var running = tally.Running.AddOrUpdate(permit.Phase, 1, static (_, count) => count + 1);
            InterlockedMax(ref tally.MostTrials, running);
            Thread.Yield();

            // It stands for a call that has ended, and whose result is on its way to the circuit.
            tally.Running.AddOrUpdate(permit.Phase, 0, static (_, count) => count - 1);
        }

        switch (random.Next(10))
        {
            case < 4:
                breaker.Succeed(permit);
                break;
            case < 8:
                breaker.Fail(permit, new InvalidOperationException());
                break;
            case 8:
                breaker.Abstain(permit);
                break;
            default:
                Time.Advance(TimeSpan.FromMilliseconds(random.Next(30)));
                breaker.Succeed(permit);
                break;
        }
    }

    private static void InterlockedMax(ref int most, int value)
    {
        int seen;
        while ((seen = Volatile.Read(ref most)) < value && Interlocked.CompareExchange(ref most, value, seen) != seen)
        {
        }
    }
}
