using System.Globalization;
using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Pooling;

/// <summary>Flows that each hold what the others wait for.</summary>
public sealed class PoolDeadlockTests : PoolTestBase
{
    [Fact]
    public async Task Deadlock_OptionIsOff_AllTimeOutWithTheDiagnosis()
    {
        const int flows = 3;
        await using var pool = NewPool(options => options.MaxSize = flows);
        var held = new CountdownEvent(flows);
        var nested = Enumerable.Range(0, flows).Select(number => InFlow(Name(number), async () =>
        {
            await using var outer = await Lend(pool);
            held.Signal();
            await Until(() => held.IsSet);
            return await Ask(pool);
        })).ToArray();
        await Until(() => pool.Statistics is { InUse: flows, Waiting: flows });

        Time.Advance(TimeSpan.FromSeconds(31));

        foreach (var caller in nested)
        {
            var thrown = await Assert.ThrowsAsync<PoolExhaustedException>(() => caller.WaitAsync(Guard, Stop));
            Assert.Equal((1, ExhaustionReason.AllInUse), (thrown.HeldByOwnFlow, thrown.Reason));
            Assert.Contains("nested acquires of one pool deadlock", thrown.Message, StringComparison.Ordinal);
        }

        await AssertNoPlaceLost(pool);
    }

    [Fact]
    public async Task Deadlock_OptionIsOn_LastToAskFailsAtOnceAndTheOthersGoOn()
    {
        const int flows = 4;
        await using var pool = NewPool(options =>
            (options.MaxSize, options.FailOnDeadlock, options.AcquireTimeout) = (flows, true, Timeout.InfiniteTimeSpan));
        var held = new CountdownEvent(flows);
        var nested = Enumerable.Range(0, flows).Select(number => InFlow(Name(number), async () =>
        {
            await using var outer = await Lend(pool);
            held.Signal();
            await Until(() => held.IsSet);
            await using var inner = await pool.AcquireAsync(Stop);
            return inner;
        })).ToArray();

        List<PoolExhaustedException> failures = [];
        foreach (var caller in nested)
        {
            try
            {
                await caller.WaitAsync(Guard, Stop);
            }
            catch (PoolExhaustedException failure)
            {
                failures.Add(failure);
            }
        }

        var thrown = Assert.Single(failures);
        Assert.Equal((1, ExhaustionReason.Deadlock), (thrown.HeldByOwnFlow, thrown.Reason));
        foreach (var part in new[]
        {
            "refused at once: a deadlock", "flow f0", "flow f1", "flow f2", "flow f3", nameof(PoolDeadlockTests),
        })
        {
            Assert.Contains(part, thrown.Message, StringComparison.Ordinal);
        }

        Assert.Equal((1, 1), (Log.Count(1130), pool.Statistics.Rejections));
        await AssertNoPlaceLost(pool);
    }

    [Fact]
    public async Task Deadlock_OneFlowAsksForMoreThanThereIs_FailsAtOnce()
    {
        await using var pool = NewPool(options => (options.MaxSize, options.FailOnDeadlock) = (1, true));
        using var flow = LeaseFlow.Begin();
        await using var lease = await Lend(pool);

        var thrown = await Assert.ThrowsAsync<PoolExhaustedException>(() => Lend(pool));

        Assert.Equal(ExhaustionReason.Deadlock, thrown.Reason);
        Assert.Equal(0, pool.Statistics.Waiting);
    }

    [Fact]
    public async Task Deadlock_SomebodyWithoutAFlowHoldsOne_CallersWait()
    {
        await using var pool = NewPool(options => options.FailOnDeadlock = true);
        var free = await Lend(pool);
        using var flow = LeaseFlow.Begin();
        await using var own = await Lend(pool);

        var nested = Ask(pool);

        Assert.Equal(1, pool.Statistics.Waiting);
        free.Dispose();
        (await nested.WaitAsync(Guard, Stop)).Dispose();
    }

    [Fact]
    public async Task Deadlock_HolderHasEndedItsFlow_CallersWait()
    {
        await using var pool = NewPool(options => (options.MaxSize, options.FailOnDeadlock) = (1, true));
        var left = await InFlow("ended", () => Lend(pool));
        using var flow = LeaseFlow.Begin();

        var waiting = Ask(pool);

        Assert.Equal(1, pool.Statistics.Waiting);
        left.Dispose();
        (await waiting.WaitAsync(Guard, Stop)).Dispose();
    }

    [Fact]
    public async Task Deadlock_PlaceIsBeingMadeOrDestroyed_CallersWait()
    {
        await using var pool = NewPool(options => options.FailOnDeadlock = true);
        using var flow = LeaseFlow.Begin();
        await using var first = await Lend(pool);
        Factory.Set(Stage.Destroy, Behaviour.Slow);
        var broken = await Lend(pool);
        broken.Invalidate();
        broken.Dispose();
        await Until(() => Factory.Calls(Stage.Destroy) == 1);
        Factory.Set(Stage.Create, Behaviour.Slow);

        var nested = Ask(pool);
        Factory.Open(Stage.Destroy);
        await Until(() => pool.Statistics.Creating == 1);
        var another = Ask(pool);

        Assert.Equal(2, pool.Statistics.Waiting);
        Factory.Open(Stage.Create);
        var lease = await nested.WaitAsync(Guard, Stop);
        lease.Dispose();
        (await another.WaitAsync(Guard, Stop)).Dispose();
    }

    [Fact]
    public async Task Deadlock_CallerOnlyLooks_IsToldThatAllAreInUse()
    {
        await using var pool = NewPool(options => options.FailOnDeadlock = true);
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var other = InFlow("other", async () =>
        {
            await using var held = await Lend(pool);
            await go.Task;
            return await Ask(pool);
        });
        await Until(() => pool.Statistics.InUse == 1);
        using var flow = LeaseFlow.Begin("mine");
        var own = await Lend(pool);
        go.SetResult();
        await Until(() => pool.Statistics is { InUse: 2, Waiting: 1 });

        var thrown = await Assert.ThrowsAsync<PoolExhaustedException>(() => Ask(pool, TimeSpan.Zero));

        Assert.Equal((1, ExhaustionReason.AllInUse), (thrown.HeldByOwnFlow, thrown.Reason));
        own.Dispose();
        (await other.WaitAsync(Guard, Stop)).Dispose();
    }

    [Fact]
    public async Task Deadlock_InnerFlowsInParallelBranches_CallersWait()
    {
        await using var pool = NewPool(options => options.FailOnDeadlock = true);
        using var flow = LeaseFlow.Begin("request");
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var branches = Enumerable.Range(0, 3).Select(number => InFlow(Name(number), async () =>
        {
            await using var lease = await pool.AcquireAsync(Stop);
            await gate.Task;
            return lease;
        })).ToArray();
        await Until(() => pool.Statistics is { InUse: 2, Waiting: 1 });

        gate.SetResult();

        await Task.WhenAll(branches).WaitAsync(Guard, Stop);
    }

    [Theory]
    [InlineData("cancelled")]
    [InlineData("timed out, by a time of its own")]
    [InlineData("timed out, by the time of the pool")]
    public async Task Deadlock_OtherWaitHasEnded_CallersWait(string how)
    {
        await using var pool = NewPool(options => options.FailOnDeadlock = true);
        using var cancellation = new CancellationTokenSource();
        var hasLeft = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var own = await InFlow("never mind", () => Lend(pool));
        var other = InFlow("other", async () =>
        {
            await using var held = await Lend(pool);
            TimeSpan? timeout = how.EndsWith("own", StringComparison.Ordinal) ? TimeSpan.FromSeconds(3) : null;
            await Assert.ThrowsAnyAsync<Exception>(() => Ask(pool, timeout, cancellation.Token).WaitAsync(Guard, Stop));
            hasLeft.SetResult();
            await release.Task;
            return held;
        });
        await Until(() => pool.Statistics is { InUse: 2, Waiting: 1 });
        if (how == "cancelled")
        {
            await cancellation.CancelAsync();
        }
        else
        {
            Time.Advance(TimeSpan.FromSeconds(31));
        }

        await hasLeft.Task.WaitAsync(Guard, Stop);
        own.Dispose();
        using var flow = LeaseFlow.Begin("mine");
        own = await Lend(pool);
        var nested = Ask(pool);

        Assert.Equal(1, pool.Statistics.Waiting);
        release.SetResult();
        (await nested.WaitAsync(Guard, Stop)).Dispose();
        await other.WaitAsync(Guard, Stop);
        own.Dispose();
    }

    private static string Name(int number) => string.Create(CultureInfo.InvariantCulture, $"f{number}");
}
