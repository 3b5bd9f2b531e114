using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Pooling;

/// <summary>Which idle resource is lent, and which waiter is served, first.</summary>
public sealed class PoolOrderTests : PoolTestBase
{
    [Theory]
    [InlineData(FactoryHooks.None)]
    [InlineData(FactoryHooks.Validate)]
    [InlineData(FactoryHooks.Reset)]
    public async Task Acquire_Lifo_LendsWhatCameBackLast(FactoryHooks hooks)
    {
        var factory = new TestFactory { Hooks = hooks };
        await using var pool = NewPool(options => options.MaxSize = 6, factory);

        // The order is kept for each processor: a run in which the thread moved proves nothing.
        for (var attempt = 0; attempt < 10_000; attempt++)
        {
            var leases = await Lend(pool, 6);
            var returned = leases.Select(lease => lease.Resource).ToList();
            if (LendAgainOnOneProcessor(pool, leases) is { } lent)
            {
                Assert.Equal(Enumerable.Reverse(returned), lent);
                return;
            }
        }

        Assert.Fail("The thread moved between processors in each of the attempts.");
    }

    [Theory]
    [InlineData(FactoryHooks.None)]
    [InlineData(FactoryHooks.Validate)]
    [InlineData(FactoryHooks.Reset)]
    public async Task Acquire_Fifo_LendsWhatHasBeenIdleLongest(FactoryHooks hooks)
    {
        var factory = new TestFactory { Hooks = hooks };
        await using var pool = NewPool(
            options => (options.MaxSize, options.IdleOrder) = (6, IdleOrder.Fifo), factory);
        var leases = await Lend(pool, 6);
        var order = new[] { 3, 0, 5, 1, 4, 2 };
        var returned = order.Select(index => leases[index].Resource).ToList();
        foreach (var index in order)
        {
            await leases[index].DisposeAsync();
        }

        List<TestResource> lent = [];
        for (var round = 0; round < 12; round++)
        {
            await using var lease = await Lend(pool);
            lent.Add(lease.Resource);
        }

        Assert.Equal([.. returned, .. returned], lent);
    }

    [Fact]
    public async Task Acquire_FifoWithKeepAlive_KeepsTheOrder()
    {
        var factory = new TestFactory { Hooks = FactoryHooks.Validate };
        await using var pool = NewPool(
            options =>
            {
                (options.MaxSize, options.IdleOrder) = (3, IdleOrder.Fifo);
                options.Validation = ValidationMode.WhileIdle;
                options.KeepAliveInterval = TimeSpan.FromSeconds(10);
            },
            factory);
        var leases = await Lend(pool, 3);
        var returned = leases.Select(lease => lease.Resource).ToList();
        foreach (var lease in leases)
        {
            await lease.DisposeAsync();
        }

        await PassTimeUntil(() => factory.Calls(Stage.Validate) >= 7 && pool.Statistics.Idle == 3);

        Assert.Equal(returned, (await Lend(pool, 3)).Select(lease => lease.Resource));
    }

    [Fact]
    public async Task AcquireAsync_OfHigherPriority_IsServedFirstAndOfOneInTurn()
    {
        await using var pool = NewPool(options => options.MaxSize = 1);
        var lease = await Lend(pool);
        List<string> served = [];
        AcquirePriority[] priorities =
        [
            AcquirePriority.Low, AcquirePriority.Normal, AcquirePriority.High, AcquirePriority.Normal, AcquirePriority.Low,
            AcquirePriority.High,
        ];
        var callers = priorities.Select((priority, number) => ServeAsync(priority, $"{priority} {number}")).ToArray();
        await Until(() => pool.Statistics.Waiting == 6);

        lease.Dispose();

        await Task.WhenAll(callers).WaitAsync(Guard, Stop);
        Assert.Equal(["High 2", "High 5", "Normal 1", "Normal 3", "Low 0", "Low 4"], served);

        async Task ServeAsync(AcquirePriority priority, string name)
        {
            await using var mine = await pool.AcquireAsync(priority, Timeout.InfiniteTimeSpan, Stop);
            served.Add(name);
        }
    }

    [Fact]
    public async Task AcquireAsync_OfAnyPriority_LeavesTheQueueWhereItStands()
    {
        await using var pool = NewPool(options => options.MaxSize = 1);
        var lease = await Lend(pool);
        using var cancellation = new CancellationTokenSource();
        AcquirePriority[] priorities = [AcquirePriority.High, AcquirePriority.Normal, AcquirePriority.Low];
        var kept = priorities.Select(priority => Ask(priority, default)).ToArray();
        var left = priorities.Select(priority => Ask(priority, cancellation.Token)).ToArray();
        var last = priorities.Select(priority => Ask(priority, default)).ToArray();
        Assert.Equal(9, pool.Statistics.Waiting);

        await cancellation.CancelAsync();

        foreach (var caller in left)
        {
            await Assert.ThrowsAsync<OperationCanceledException>(() => caller.WaitAsync(Guard, Stop));
        }

        Assert.Equal(6, pool.Statistics.Waiting);
        lease.Dispose();
        foreach (var caller in new[] { kept[0], last[0], kept[1], last[1], kept[2], last[2] })
        {
            (await caller.WaitAsync(Guard, Stop)).Dispose();
        }

        await AssertNoPlaceLost(pool);

        Task<Lease<TestResource>> Ask(AcquirePriority priority, CancellationToken token) =>
            pool.AcquireAsync(priority, cancellationToken: token).AsTask();
    }

    [Fact]
    public async Task AcquireAsync_OfLowPriorityAndLate_TimesOutAtItsOwnDeadline()
    {
        await using var pool = NewPool(options => (options.MaxSize, options.AcquireTimeout) = (1, TimeSpan.FromSeconds(5)));
        var lease = await Lend(pool);
        var low = pool.AcquireAsync(AcquirePriority.Low, cancellationToken: Stop).AsTask();
        Time.Advance(TimeSpan.FromSeconds(3));
        var high = pool.AcquireAsync(AcquirePriority.High, cancellationToken: Stop).AsTask();
        Assert.Equal(TimeSpan.FromSeconds(3), pool.Statistics.OldestWait);

        Time.Advance(TimeSpan.FromSeconds(2.1));

        await Assert.ThrowsAsync<PoolExhaustedException>(() => low.WaitAsync(Guard, Stop));
        Assert.False(high.IsCompleted);
        lease.Dispose();
        (await high.WaitAsync(Guard, Stop)).Dispose();
    }

    [Fact]
    public async Task AcquireAsync_CreationFails_TellsThoseWhoCameBeforeOfEachPriority()
    {
        var creation = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var factory = new TestFactory { CreateNow = (_, _) => creation.Task };
        await using var pool = NewPool(options => options.MaxSize = 1, factory);
        var low = pool.AcquireAsync(AcquirePriority.Low, cancellationToken: Stop).AsTask();
        var normal = Ask(pool);
        await Until(() => factory.Calls(Stage.Create) == 1);
        var high = pool.AcquireAsync(AcquirePriority.High, cancellationToken: Stop).AsTask();

        creation.SetException(new InvalidOperationException("The server is down."));

        foreach (var caller in new[] { low, normal, high })
        {
            await Assert.ThrowsAsync<ResourceInitializationException>(() => caller.WaitAsync(Guard, Stop));
        }

        Assert.Equal(2, factory.Calls(Stage.Create));
    }

    [Theory]
    [InlineData(-2)]
    [InlineData(2)]
    public async Task AcquireAsync_PriorityThatIsNone_IsRefused(int priority)
    {
        await using var pool = NewPool();

        var thrown = await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => pool.AcquireAsync((AcquirePriority)priority, cancellationToken: Stop).AsTask());

        Assert.Equal("priority", thrown.ParamName);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => pool.AcquireAsync(AcquirePriority.High, TimeSpan.FromSeconds(-1), Stop).AsTask());
    }

    [Theory]
    [InlineData(WakeUp.Fair)]
    [InlineData(WakeUp.Local)]
    public async Task AcquireAsync_HasWaited_ContinuesOutsideTheReturn(WakeUp wakeUp)
    {
        await using var pool = NewPool(options => (options.MaxSize, options.WakeUp) = (1, wakeUp));
        var lease = await Lend(pool);
        using var isReturning = new ThreadLocal<bool>();
        var caller = WaitAsync();

        await Task.Run(
            () =>
            {
                isReturning.Value = true;
                lease.Dispose();
                isReturning.Value = false;
            },
            Stop);

        Assert.False(await caller.WaitAsync(Guard, Stop), "The caller continued within the return.");

        async Task<bool> WaitAsync()
        {
            await using var mine = await pool.AcquireAsync(Stop);
            return isReturning.Value;
        }
    }

    /// <summary>Null if the thread was moved to another processor meanwhile.</summary>
    private static List<TestResource>? LendAgainOnOneProcessor(
        ResourcePool<TestResource> pool, Lease<TestResource>[] leases)
    {
        List<Lease<TestResource>> again = [];
        var processor = Thread.GetCurrentProcessorId();
        foreach (var lease in leases)
        {
            lease.Dispose();
        }

        while (again.Count < leases.Length && pool.TryAcquire(out var lease))
        {
            again.Add(lease);
        }

        var isSame = Thread.GetCurrentProcessorId() == processor && again.Count == leases.Length;
        var resources = again.ConvertAll(static lease => lease.Resource);
        again.ForEach(static lease => lease.Dispose());
        return isSame ? resources : null;
    }
}
