using System.Collections.Concurrent;
using Pepper.Resources.Pooling;
using Pepper.Resources.Recovery;

namespace Pepper.Resources.Tests.Pooling;

/// <summary>How a pool heals: by one probe of its own, and slowly after it.</summary>
public sealed class PoolProbeTests : PoolRecoveryTestBase
{
    [Fact]
    public async Task Probe_BreakIsOver_IsMadeByThePoolAndJoinsIt()
    {
        await using var pool = NewPlain();
        var events = new EventRecorder();
        using var subscription = pool.Subscribe(events.Handle);
        await OpenCircuit(pool);
        Factory.Heal(Stage.Create);

        Time.Advance(Break);

        // Nobody asked.
        await Until(() => pool.Statistics.Idle == 1);
        Assert.Equal(CircuitState.Closed, StateOf(pool));
        Assert.Equal((1, 0), (pool.Statistics.Recoveries, pool.Statistics.ConsecutiveCreateFailures));
        Assert.False(Factory.Contexts.Last().IsDemanded);
        await using var lease = await Lend(pool);
        Assert.Equal(6, Factory.Calls(Stage.Create));
        await events.UntilSeen(PoolEventKind.CircuitClosed);
        Assert.Equal(
            [PoolEventKind.CircuitOpened, PoolEventKind.CircuitHalfOpened, PoolEventKind.CircuitClosed],
            events.Kinds.Where(static kind => kind is >= PoolEventKind.CircuitOpened and <= PoolEventKind.CircuitIsolated));
    }

    [Fact]
    public async Task Probe_SomebodyListensToSpans_IsASpanOfItsOwn()
    {
        var name = $"probed {Guid.NewGuid()}";
        using var spans = new SpanListener(name, "resource.create");
        await using var pool = NewPool((options, _) => options.Name = name);
        await OpenCircuit(pool);
        Factory.Heal(Stage.Create);

        Time.Advance(Break);

        await Until(() => spans.Seen.Count() == 6);
        Assert.Equal(
            ["demand", "demand", "demand", "demand", "demand", "probe"],
            spans.Seen.Select(static span => span.GetTagItem("resource.create.purpose")));
        Assert.All(spans.Seen, static span => Assert.Null(span.Parent));
        Assert.Equal("InvalidOperationException", spans.Seen.First().GetTagItem("error.type"));
        Assert.Null(spans.Seen.Last().GetTagItem("error.type"));
    }

    [Fact]
    public async Task Probe_FailsAgainAndAgain_RestsTwiceAsLongUpToTheMaximum()
    {
        await using var pool = NewPlain();
        await OpenCircuit(pool);

        foreach (var seconds in (int[])[1, 2, 4, 8, 16, 30, 30])
        {
            var calls = Factory.Calls(Stage.Create);
            Assert.Equal(TimeSpan.FromSeconds(seconds), pool.Statistics.Circuit!.RetryAfter);
            Time.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromMilliseconds(1));
            Assert.Equal(calls, Factory.Calls(Stage.Create));
            Time.Advance(TimeSpan.FromMilliseconds(1));
            await Until(() => Factory.Calls(Stage.Create) == calls + 1 && StateOf(pool) == CircuitState.Open);
        }
    }

    [Fact]
    public async Task Probe_CallersAskMeanwhile_RestsNoLongerThanTheMaximumInDemand()
    {
        await using var pool = NewPlain();
        await OpenCircuit(pool);

        foreach (var seconds in (int[])[1, 2, 2, 2, 2])
        {
            var calls = Factory.Calls(Stage.Create);
            var told = Assert.IsType<CircuitOpenException>(await Failure(pool));
            Assert.Equal(TimeSpan.FromSeconds(seconds), told.RetryAfter);
            Time.Advance(TimeSpan.FromSeconds(seconds));
            await Until(() => Factory.Calls(Stage.Create) == calls + 1 && StateOf(pool) == CircuitState.Open);
        }

        // Nobody asks any more: the sixth break is as long as it would have been.
        Assert.Equal(TimeSpan.FromSeconds(30), pool.Statistics.Circuit!.RetryAfter);
    }

    [Fact]
    public async Task Probe_CallersAskLateInALongBreak_IsMadeAtOnce()
    {
        await using var pool = NewPlain();
        await OpenCircuit(pool);
        foreach (var seconds in (int[])[1, 2, 4])
        {
            var calls = Factory.Calls(Stage.Create);
            Time.Advance(TimeSpan.FromSeconds(seconds));
            await Until(() => Factory.Calls(Stage.Create) == calls + 1 && StateOf(pool) == CircuitState.Open);
        }

        Factory.Heal(Stage.Create);
        Time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(CircuitState.Open, StateOf(pool));

        Assert.Equal(TimeSpan.Zero, Assert.IsType<CircuitOpenException>(await Failure(pool)).RetryAfter);

        await Until(() =>
        {
            Time.Advance(TimeSpan.FromMilliseconds(1));
            return pool.Statistics.Idle == 1;
        });
    }

    [Fact]
    public async Task Probe_IsUnderWay_IsOneHoweverManyAsk()
    {
        await using var pool = NewPlain(maxSize: 50);
        await OpenCircuit(pool);
        Factory.Set(Stage.Create, Behaviour.Slow);
        Time.Advance(Break);
        await Until(() => Factory.Calls(Stage.Create) == 6);

        var told = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => Failure(pool)));

        Assert.All(told, static thrown => Assert.Equal(CircuitState.HalfOpen, Assert.IsType<CircuitOpenException>(thrown).State));
        Assert.Equal(6, Factory.Calls(Stage.Create));
        Factory.Open(Stage.Create);
        await Until(() => StateOf(pool) == CircuitState.Closed);
        await (await Lend(pool)).DisposeAsync();
    }

    [Fact]
    public async Task Probe_Hangs_IsGivenUpAfterItsTimeAndItsLateProductIsKept()
    {
        await using var pool = NewPlain();
        await OpenCircuit(pool);
        Factory.Set(Stage.Create, Behaviour.IgnoresCancellation);
        Time.Advance(Break);
        await Until(() => Factory.Calls(Stage.Create) == 6);

        Time.Advance(TimeSpan.FromSeconds(5));
        await Until(() => StateOf(pool) == CircuitState.Open);
        Factory.Heal(Stage.Create);
        Factory.Open(Stage.Create);

        await Until(() => pool.Statistics.Idle == 1);
        Assert.Equal(CircuitState.Open, StateOf(pool));
        Assert.Contains("HalfOpenTimeout", pool.Statistics.Circuit!.LastFailure!.Message, StringComparison.Ordinal);
        await using var lease = await Lend(pool);
        Time.Advance(TimeSpan.FromSeconds(2));
        await Until(() => StateOf(pool) == CircuitState.Closed);
    }

    [Fact]
    public async Task Probe_ProductDoesNotPassItsValidation_IsAFailureAndIsDestroyed()
    {
        var factory = new TestFactory { Hooks = FactoryHooks.Validate };
        await using var pool = NewPool((options, _) => options.Validation = ValidationMode.None, factory);
        await OpenCircuit(pool, factory);
        factory.Heal(Stage.Create);
        factory.IsFit = static _ => false;

        Time.Advance(Break);

        await Until(() => factory.Destroyed == 1);
        Assert.Equal(CircuitState.Open, StateOf(pool));
        Assert.Equal(DestroyReason.ValidationFailed, factory.Made.Single().Reason);
        Assert.Equal(6, pool.Statistics.CreateFailures);
        factory.IsFit = null;
        Time.Advance(TimeSpan.FromSeconds(2));
        await Until(() => StateOf(pool) == CircuitState.Closed);
        Assert.Equal(2, factory.Calls(Stage.Validate));
    }

    [Fact]
    public async Task Recovery_ManyWaitAfterIt_CreationsBeginSlowly()
    {
        ConcurrentDictionary<int, TaskCompletionSource> gates = new();
        var begun = 0;
        TaskCompletionSource Gate(int number) =>
            gates.GetOrAdd(number, static _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        var factory = new TestFactory
        {
            CreateNow = (_, _) => Interlocked.Increment(ref begun) is var number && number <= 5
                ? Task.FromException(new IOException("down")) : Gate(number).Task,
        };
        await using var pool = NewPool((options, _) => (options.MaxSize, options.MaxConcurrentCreates) = (20, 4), factory);
        for (var failure = 0; failure < 5; failure++)
        {
            await Failure(pool);
        }

        Time.Advance(Break);
        Gate(6).SetResult();
        await Until(() => pool.Statistics.Idle == 1);
        var asked = Enumerable.Range(0, 20).Select(_ => Ask(pool)).ToArray();

        // Each that succeeds makes room for one more, up to as many as may run.
        foreach (var (ended, running) in ((int, int)[])[(6, 1), (7, 2), (8, 3), (9, 4), (10, 4), (11, 4)])
        {
            await Until(() => Volatile.Read(ref begun) == ended + running);
            Assert.Equal(running, pool.Statistics.Creating);
            Gate(ended + 1).SetResult();
        }

        for (var number = 7; number <= 30; number++)
        {
            Gate(number).TrySetResult();
        }

        foreach (var lease in await Task.WhenAll(asked).WaitAsync(Guard, Stop))
        {
            await lease.DisposeAsync();
        }
    }
}
