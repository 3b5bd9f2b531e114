using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Pooling;

/// <summary>Who holds what, by flows of work: what a caller is told that waits for what its own flow holds.</summary>
public sealed class PoolFlowTests : PoolTestBase
{
    [Theory]
    [InlineData(FactoryHooks.None)]
    [InlineData(FactoryHooks.Validate)]
    public async Task Acquire_InAFlow_EveryWayOfLendingNotesIt(FactoryHooks hooks)
    {
        await using var pool = NewPool(options => options.MaxSize = 1, new TestFactory { Hooks = hooks });
        using (LeaseFlow.Begin("created"))
        {
            var created = await Lend(pool);
            Assert.Equal("created", Assert.Single(pool.GetLeases()).Flow);
            await created.DisposeAsync();
        }

        using (LeaseFlow.Begin("ready"))
        {
            var ready = await Lend(pool);
            var info = Assert.Single(pool.GetLeases());
            Assert.Equal("ready", info.Flow);
            Assert.Contains(", flow ready", info.ToString(), StringComparison.Ordinal);
            Task<Lease<TestResource>> waiting;
            using (LeaseFlow.Begin())
            {
                waiting = Ask(pool);
            }

            await ready.DisposeAsync();
            var delivered = await waiting.WaitAsync(Guard, Stop);
            Assert.Equal("ready", Assert.Single(pool.GetLeases()).Flow);
            await delivered.DisposeAsync();
        }

        await using var last = await Lend(pool);
        Assert.Null(Assert.Single(pool.GetLeases()).Flow);
    }

    [Fact]
    public async Task GetLeases_LaterLoanWithoutAFlow_DoesNotShowTheEarlierOne()
    {
        await using var pool = NewPool(options => options.MaxSize = 1);
        await (await Lend(pool)).DisposeAsync();
        using (LeaseFlow.Begin("earlier"))
        {
            (await Lend(pool)).Dispose();
        }

        await using var lease = await Lend(pool);

        Assert.Null(Assert.Single(pool.GetLeases()).Flow);
    }

    [Fact]
    public async Task Timeout_OwnFlowHoldsLeases_IsTold()
    {
        await using var pool = NewPool();
        using var flow = LeaseFlow.Begin("checkout");
        await using var first = await pool.AcquireAsync(Stop);
        await using var second = await pool.AcquireAsync(Stop);
        var nested = Ask(pool);

        Time.Advance(TimeSpan.FromSeconds(31));

        var thrown = await Assert.ThrowsAsync<PoolExhaustedException>(() => nested.WaitAsync(Guard, Stop));
        Assert.Equal((2, ExhaustionReason.AllInUse), (thrown.HeldByOwnFlow, thrown.Reason));
        Assert.Contains("flow 'checkout' holds 2 lease(s)", thrown.Message, StringComparison.Ordinal);
        Assert.Contains(nameof(Timeout_OwnFlowHoldsLeases_IsTold), thrown.Message, StringComparison.Ordinal);
        Assert.Contains("raise MaxSize", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Timeout_OtherFlowHolds_IsNotBlamedOnTheCaller()
    {
        await using var pool = NewPool(options => options.MaxSize = 1);
        var lease = await InFlow("other", () => Lend(pool));
        Task<Lease<TestResource>> waiting;
        using (LeaseFlow.Begin("mine"))
        {
            waiting = Ask(pool);
            Time.Advance(TimeSpan.FromSeconds(31));
        }

        var thrown = await Assert.ThrowsAsync<PoolExhaustedException>(() => waiting.WaitAsync(Guard, Stop));

        Assert.Equal(0, thrown.HeldByOwnFlow);
        Assert.DoesNotContain("own flow", thrown.Message, StringComparison.Ordinal);
        lease.Dispose();
    }

    [Fact]
    public async Task Timeout_OuterFlowHolds_CountsAsOwn_InnerOneDoesNot()
    {
        await using var pool = NewPool();
        using var outer = LeaseFlow.Begin("outer");
        await using var ofOuter = await Lend(pool);
        var asInner = InFlow("inner", async () =>
        {
            await using var ofInner = await Lend(pool);
            return await Ask(pool);
        });
        await Until(() => pool.Statistics is { InUse: 2, Waiting: 1 });
        var asOuter = Ask(pool);

        Time.Advance(TimeSpan.FromSeconds(31));

        var inner = await Assert.ThrowsAsync<PoolExhaustedException>(() => asInner.WaitAsync(Guard, Stop));
        Assert.Equal(2, inner.HeldByOwnFlow);
        var thrown = await Assert.ThrowsAsync<PoolExhaustedException>(() => asOuter.WaitAsync(Guard, Stop));
        Assert.Equal(1, thrown.HeldByOwnFlow);
    }

    [Fact]
    public async Task Refusal_QueueFull_OwnFlowHolds_IsTold()
    {
        await using var pool = NewPool(options => (options.MaxSize, options.MaxWaiters) = (1, 0));
        using var flow = LeaseFlow.Begin();
        await using var lease = await Lend(pool);

        var thrown = await Assert.ThrowsAsync<PoolExhaustedException>(() => Lend(pool));

        Assert.Equal((1, ExhaustionReason.QueueFull), (thrown.HeldByOwnFlow, thrown.Reason));
        Assert.Contains("own flow holds 1 lease(s)", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AcquireAndDispose_InAFlow_AllocatesNothing()
    {
        await using var pool = NewPool();
        using var flow = LeaseFlow.Begin("quiet");
        await (await Lend(pool)).DisposeAsync();
        var least = long.MaxValue;

        for (var round = 0; round < 20; round++)
        {
            least = Math.Min(least, BytesOf(pool));
        }

        Assert.Equal(0, least);

        static long BytesOf(ResourcePool<TestResource> pool)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var index = 0; index < 1000; index++)
            {
                pool.TryAcquire(out var lease);
                lease.Dispose();
            }

            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    [Fact]
    public async Task Wait_InAFlowWithTheCheckOn_AllocatesNothingOnceWarm()
    {
        await using var pool = NewPool(options => options.FailOnDeadlock = true);
        await using var free = await Lend(pool);
        using var flow = LeaseFlow.Begin("quiet");
        var held = await Lend(pool);
        var least = long.MaxValue;

        for (var round = 0; round < 20; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            var asked = pool.AcquireAsync(CancellationToken.None);
            held.Dispose();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
            held = await asked;
        }

        Assert.Equal(0, least);
        held.Dispose();
    }
}
