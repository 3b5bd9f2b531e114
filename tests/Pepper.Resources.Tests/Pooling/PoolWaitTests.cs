using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Pooling;

public sealed class PoolWaitTests : PoolTestBase
{
    [Fact]
    public async Task Waiters_Several_AreServedInOrderOfArrival()
    {
        await using var pool = NewPool(options => options.MaxSize = 1);
        var lease = await Lend(pool);
        var waiters = Enumerable.Range(0, 20).Select(_ => Ask(pool)).ToArray();

        foreach (var waiter in waiters)
        {
            lease.Dispose();
            lease = await waiter.WaitAsync(Guard, Stop);
        }

        Assert.Equal(20, pool.Statistics.Waits - 1);
        Assert.Equal(1, Factory.Created);
    }

    [Fact]
    public async Task Return_SomebodyWaits_HandsOverSoThatNobodyBarges()
    {
        await using var pool = NewPool(options => options.MaxSize = 1);
        var lease = await Lend(pool);
        var first = Ask(pool);

        lease.Dispose();
        var late = Ask(pool);

        var served = await first.WaitAsync(Guard, Stop);
        Assert.False(late.IsCompleted);
        served.Dispose();
        Assert.False((await late.WaitAsync(Guard, Stop)).IsStale);
    }

    [Fact]
    public async Task Return_FirstHasCanceled_ServesTheNextLiveOne()
    {
        await using var pool = NewPool(options => options.MaxSize = 1);
        var lease = await Lend(pool);
        using var cancellation = new CancellationTokenSource();
        var gone = Ask(pool, null, cancellation.Token);
        var next = Ask(pool);

        await cancellation.CancelAsync();
        lease.Dispose();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);
        Assert.False((await next.WaitAsync(Guard, Stop)).IsStale);
        Assert.Equal(1, pool.Statistics.Cancellations);
    }

    [Fact]
    public async Task Canceled_Token_IsInTheException()
    {
        await using var pool = NewPool(options => options.MaxSize = 1);
        await using var lease = await Lend(pool);
        using var cancellation = new CancellationTokenSource();
        var waiting = Ask(pool, null, cancellation.Token);

        await cancellation.CancelAsync();

        var thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        Assert.Equal(cancellation.Token, thrown.CancellationToken);
    }

    [Fact]
    public async Task Return_SomebodyWaits_ContinuesOnAnotherThread()
    {
        await using var pool = NewPool(options => options.MaxSize = 1);
        var lease = await Lend(pool);
        var isContinued = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        var asked = pool.AcquireAsync(Stop).GetAwaiter();
        asked.UnsafeOnCompleted(() => isContinued.SetResult(Environment.CurrentManagedThreadId));
        var releaser = 0;
        var thread = new Thread(() =>
        {
            releaser = Environment.CurrentManagedThreadId;
            lease.Dispose();
        });

        thread.Start();

        var continued = await isContinued.Task.WaitAsync(Guard, Stop);
        thread.Join();
        Assert.NotEqual(releaser, continued);
        asked.GetResult().Dispose();
    }

    [Fact]
    public async Task Deadline_Passes_EndsOnlyThoseWhoseItIs()
    {
        await using var pool = NewPool(options => options.MaxSize = 1);
        await using var lease = await Lend(pool);
        var soon = Ask(pool, TimeSpan.FromSeconds(1));
        var later = Ask(pool, TimeSpan.FromSeconds(5));
        var never = Ask(pool, Timeout.InfiniteTimeSpan);

        Time.Advance(TimeSpan.FromSeconds(1) - TimeSpan.FromTicks(1));
        Assert.False(soon.IsCompleted);
        Time.Advance(TimeSpan.FromMilliseconds(2));

        await Assert.ThrowsAsync<PoolExhaustedException>(() => soon.WaitAsync(Guard, Stop));
        Assert.False(later.IsCompleted);
        Time.Advance(TimeSpan.FromHours(2));
        await Assert.ThrowsAsync<PoolExhaustedException>(() => later.WaitAsync(Guard, Stop));
        Assert.False(never.IsCompleted);
        Assert.Equal(2, pool.Statistics.Timeouts);
        Assert.Equal(1, pool.Statistics.Waiting);
    }

    [Fact]
    public async Task Deadline_OfDaysAndYears_Waits()
    {
        await using var pool = NewPool(options => options.MaxSize = 1);
        var lease = await Lend(pool);
        var year = Ask(pool, TimeSpan.FromDays(365));
        var most = Ask(pool, TimeSpan.MaxValue);

        Time.Advance(TimeSpan.FromHours(3));

        Assert.False(year.IsCompleted);
        Assert.False(most.IsCompleted);
        lease.Dispose();
        (await year.WaitAsync(Guard, Stop)).Dispose();
        (await most.WaitAsync(Guard, Stop)).Dispose();
    }

    [Fact]
    public async Task Deadline_TheLongestThereIsOnTheSystemsTime_IsForEver()
    {
        await using var pool = new ResourcePool<TestResource>(
            Factory, new ResourcePoolOptions { MinSize = 0, MaxSize = 1, AcquireTimeout = TimeSpan.MaxValue });
        var lease = await Lend(pool);
        var waiters = new[] { Ask(pool), Ask(pool, TimeSpan.MaxValue - TimeSpan.FromTicks(1)) };

        // One with a short deadline, so that all those due until then have been told when it is.
        await Assert.ThrowsAsync<PoolExhaustedException>(() => Ask(pool, TimeSpan.FromMilliseconds(30)).WaitAsync(Guard, Stop));

        Assert.All(waiters, waiter => Assert.False(waiter.IsCompleted));
        lease.Dispose();
        (await waiters[0].WaitAsync(Guard, Stop)).Dispose();
        (await waiters[1].WaitAsync(Guard, Stop)).Dispose();
    }

    [Fact]
    public async Task MaxWaiters_Reached_RefusesAtOnce()
    {
        await using var pool = NewPool(options => (options.MaxSize, options.MaxWaiters) = (1, 1));
        await using var lease = await Lend(pool);
        var waiting = Ask(pool);

        var thrown = await Assert.ThrowsAsync<PoolExhaustedException>(() => Ask(pool));

        Assert.Equal(ExhaustionReason.QueueFull, thrown.Reason);
        Assert.Contains("MaxWaiters", thrown.Message, StringComparison.Ordinal);
        Assert.False(waiting.IsCompleted);
        Assert.Equal(1, pool.Statistics.Rejections);
    }

    [Fact]
    public async Task MaxWaiters_Zero_StillServesWhatCanBeCreated()
    {
        await using var pool = NewPool(options => options.MaxWaiters = 0);

        _ = await Lend(pool, 2);

        await Assert.ThrowsAsync<PoolExhaustedException>(() => Ask(pool));
    }

    [Fact]
    public async Task MaxWaiters_ZeroAndValidationInTheBackground_IsNotRefusedBesideAnIdleResource()
    {
        var factory = new TestFactory { Hooks = FactoryHooks.Validate, YieldsInValidation = true };
        await using var pool = NewPool(options => (options.MaxSize, options.MaxWaiters) = (1, 0), factory);
        await (await Lend(pool)).DisposeAsync();
        for (var round = 0; round < 2000; round++)
        {
            // The validation ends on another thread, at any moment before, while or after the caller queues.
            await (await Lend(pool)).DisposeAsync();
        }
    }

    [Fact]
    public async Task Waiting_WarmPool_AllocatesNothing()
    {
        var pool = new ResourcePool<TestResource>(Factory, new ResourcePoolOptions { Name = "warm", MinSize = 0, MaxSize = 1 });
        var lease = await Lend(pool);
        long least = long.MaxValue;

        for (var round = 0; round < 20; round++)
        {
            least = Math.Min(least, BytesOf(pool, ref lease));
        }

        Assert.Equal(0, least);
        lease.Dispose();
        await pool.DisposeAsync();

        static long BytesOf(ResourcePool<TestResource> pool, ref Lease<TestResource> lease)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var index = 0; index < 100; index++)
            {
                var waiting = pool.AcquireAsync(CancellationToken.None);
                lease.Dispose();
                lease = waiting.GetAwaiter().GetResult();
            }

            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    [Fact]
    public async Task ValueTask_LookedAtTooEarly_ThrowsAndStaysInTheQueue()
    {
        await using var pool = NewPool(options => options.MaxSize = 1);
        var lease = await Lend(pool);
        var early = pool.AcquireAsync(CancellationToken.None);

        Assert.Throws<InvalidOperationException>(() => early.GetAwaiter().GetResult());
        var second = Ask(pool);
        lease.Dispose();

        var first = await early.AsTask().WaitAsync(Guard, Stop);
        Assert.False(first.IsStale);
        Assert.False(second.IsCompleted);
        first.Dispose();
        Assert.False((await second.WaitAsync(Guard, Stop)).IsStale);
    }

    [Fact]
    public async Task ValueTask_AwaitedTwice_ThrowsAndHarmsNobody()
    {
        await using var pool = NewPool(options => options.MaxSize = 1);
        var lease = await Lend(pool);
        var twice = pool.AcquireAsync(CancellationToken.None);
        lease.Dispose();
        lease = twice.GetAwaiter().GetResult();
        var other = Ask(pool);

        Assert.Throws<InvalidOperationException>(() => twice.GetAwaiter().GetResult());

        lease.Dispose();
        Assert.False((await other.WaitAsync(Guard, Stop)).IsStale);
    }

    [Fact]
    public async Task NestedAcquires_MoreThanThereAre_TimeOutWithADiagnosis()
    {
        await using var pool = NewPool();
        var outer = await Lend(pool, 2);
        var inner = outer.Select(_ => Ask(pool)).ToArray();

        Time.Advance(TimeSpan.FromSeconds(31));

        foreach (var task in inner)
        {
            var thrown = await Assert.ThrowsAsync<PoolExhaustedException>(() => task.WaitAsync(Guard, Stop));
            Assert.Equal(ExhaustionReason.AllInUse, thrown.Reason);
            Assert.Equal(2, thrown.Holders.Count);
        }
    }

    [Fact]
    public async Task Canceled_WaiterOfManyTimes_IsNotReusedWhileItsCallbackRuns()
    {
        await using var pool = NewPool(options => options.MaxSize = 1);
        var lease = await Lend(pool);
        for (var round = 0; round < 500; round++)
        {
            using var cancellation = new CancellationTokenSource();
            var gone = Ask(pool, null, cancellation.Token);
            var stays = Ask(pool);
            await Task.WhenAll(cancellation.CancelAsync(), Task.Run(lease.Dispose, Stop));
            try
            {
                (await gone.WaitAsync(Guard, Stop)).Dispose();
            }
            catch (OperationCanceledException)
            {
                // The other one has been served.
            }

            lease = await stays.WaitAsync(Guard, Stop);
        }

        lease.Dispose();
        Assert.Equal(0, pool.Statistics.Waiting);
        Assert.Equal(1, Factory.Created);
    }
}
