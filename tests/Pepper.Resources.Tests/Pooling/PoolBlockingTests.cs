using System.Diagnostics;
using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Pooling;

public sealed class PoolBlockingTests : PoolTestBase
{
    private int _ids;

    [Fact]
    public async Task Acquire_FactoryHasNoSynchronousStages_NamesWhatIsMissing()
    {
        await using var pool = NewPool();

        var thrown = Assert.Throws<NotSupportedException>(() => pool.Acquire(TimeSpan.FromSeconds(1), Stop));

        Assert.Contains("ISyncResourceFactory", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("AcquireAsync", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Acquire_Creates_WithoutAThreadOfTheThreadPool()
    {
        var isPoolThread = true;
        await using var pool = Sync(() =>
        {
            isPoolThread = Thread.CurrentThread.IsThreadPoolThread;
            return new TestResource(1, Factory);
        });

        using var lease = await OnOwnThread(() => pool.Acquire(Guard, Stop));

        Assert.False(isPoolThread);
        Assert.Equal(1, lease.Resource.Id);
    }

    [Fact]
    public async Task Acquire_CreateThrows_TellsTheCaller()
    {
        await using var pool = Sync(() => throw new InvalidOperationException("down"));

        var thrown = await Assert.ThrowsAsync<ResourceInitializationException>(
            () => OnOwnThread(() => pool.Acquire(Guard, Stop)));

        Assert.Equal("down", thrown.InnerException!.Message);
    }

    [Fact]
    public async Task Acquire_AllAreLent_WaitsInTheSameQueue()
    {
        await using var pool = Sync();
        var lease = await Lend(pool);
        var blocked = OnOwnThread(() => pool.Acquire(Guard, Stop));
        await Until(() => pool.Statistics.Waiting == 1);
        var waiting = Ask(pool);

        lease.Dispose();

        var got = await blocked.WaitAsync(Guard, Stop);
        Assert.False(waiting.IsCompleted);
        got.Dispose();
        (await waiting.WaitAsync(Guard, Stop)).Dispose();
    }

    [Fact]
    public async Task Acquire_DeadlinePasses_Throws()
    {
        await using var pool = Sync();
        await using var lease = await Lend(pool);

        var thrown = await Assert.ThrowsAsync<PoolExhaustedException>(
            () => OnOwnThread(() => pool.Acquire(TimeSpan.FromMilliseconds(20), Stop)));

        Assert.Equal(ExhaustionReason.AllInUse, thrown.Reason);
        Assert.Equal(1, pool.Statistics.Timeouts);
    }

    [Fact]
    public async Task Acquire_ZeroTimeoutOnManualTime_DoesNotHang()
    {
        await using var pool = Sync(time: Time);
        await using var lease = await Lend(pool);

        await Assert.ThrowsAsync<PoolExhaustedException>(() => OnOwnThread(() => pool.Acquire(TimeSpan.Zero, Stop)));
    }

    [Fact]
    public async Task Acquire_DeadlineOnManualTime_IsThatOfManualTime()
    {
        await using var pool = Sync(time: Time);
        await using var lease = await Lend(pool);
        var blocked = OnOwnThread(() => pool.Acquire(TimeSpan.FromMinutes(1), Stop));
        await Until(() => pool.Statistics.Waiting == 1);

        Time.Advance(TimeSpan.FromMinutes(2));

        await Assert.ThrowsAsync<PoolExhaustedException>(() => blocked);
    }

    [Fact]
    public async Task Acquire_TimeoutOfYears_Waits()
    {
        await using var pool = Sync();
        var lease = await Lend(pool);
        var blocked = OnOwnThread(() => pool.Acquire(TimeSpan.FromDays(1000), Stop));
        await Until(() => pool.Statistics.Waiting == 1);

        lease.Dispose();

        (await blocked.WaitAsync(Guard, Stop)).Dispose();
    }

    [Fact]
    public async Task Acquire_Canceled_Throws()
    {
        await using var pool = Sync();
        await using var lease = await Lend(pool);
        using var cancellation = new CancellationTokenSource();
        var blocked = OnOwnThread(() => pool.Acquire(Guard, cancellation.Token));
        await Until(() => pool.Statistics.Waiting == 1);

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => blocked);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => OnOwnThread(() => pool.Acquire(Guard, cancellation.Token)));
        Assert.Equal(0, pool.Statistics.Waiting);
    }

    [Fact]
    public async Task Acquire_ThreadIsInterrupted_LosesNothing()
    {
        await using var pool = Sync();
        var lease = await Lend(pool);
        var ended = new TaskCompletionSource<Exception?>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            try
            {
                pool.Acquire(Guard, CancellationToken.None).Dispose();
                ended.SetResult(null);
            }
            catch (Exception failure)
            {
                ended.SetResult(failure);
            }
        });
        thread.Start();
        await Until(() => pool.Statistics.Waiting == 1);

        thread.Interrupt();

        Assert.IsType<ThreadInterruptedException>(await ended.Task.WaitAsync(Guard, Stop));
        Assert.Equal(0, pool.Statistics.Waiting);
        lease.Dispose();
        (await Lend(pool)).Dispose();
    }

    [Fact]
    public async Task Acquire_CreateBlocksForEver_IsGivenUpAndDisposalEnds()
    {
        using var block = new ManualResetEventSlim();
        var pool = new ResourcePool<TestResource>(
            ResourceFactory.CreateSync(() =>
            {
                block.Wait(Guard, CancellationToken.None);
                return new TestResource(1, Factory);
            }),
            new ResourcePoolOptions { MinSize = 0, MaxSize = 1, DestroyTimeout = TimeSpan.FromMilliseconds(50) });

        await Assert.ThrowsAnyAsync<ResourceTimeoutException>(
            () => OnOwnThread(() => pool.Acquire(TimeSpan.FromMilliseconds(20), CancellationToken.None)));
        await pool.DisposeAsync().AsTask().WaitAsync(Guard, Stop);

        Assert.Equal(0, pool.Statistics.Size);
        block.Set();
    }

    [Fact]
    public async Task Acquire_Validates_OnTheCallersThread()
    {
        var threads = new List<int>();
        var isFirst = true;
        await using var pool = Sync(validate: _ =>
        {
            threads.Add(Environment.CurrentManagedThreadId);
            (var isFit, isFirst) = (!isFirst, false);
            return isFit;
        });
        (await Lend(pool)).Dispose();
        var caller = 0;

        await OnOwnThread(() =>
        {
            caller = Environment.CurrentManagedThreadId;
            var lease = pool.Acquire(Guard, CancellationToken.None);
            Assert.Equal(2, lease.Resource.Id);
            lease.Dispose();
            pool.Acquire(Guard, CancellationToken.None).Dispose();
            return lease;
        });

        Assert.Equal([caller, caller], threads);
    }

    [Fact]
    public async Task Acquire_ThreadPoolIsStarved_StillGetsOn()
    {
        await using var pool = Sync(maxSize: 2);
        using var goOn = new ManualResetEventSlim();
        ThreadPool.GetMinThreads(out var threads, out _);
        var callers = Enumerable.Range(0, threads * 4).Select(_ => Task.Run(
            () =>
            {
                for (var round = 0; round < 20; round++)
                {
                    pool.Acquire(Guard, CancellationToken.None).Dispose();
                }
            },
            Stop)).ToArray();

        await Task.WhenAll(callers).WaitAsync(Guard, Stop);

        Assert.InRange(pool.Statistics.Size, 1, 2);
        Assert.Equal(0, pool.Statistics.Waiting);
    }

    private static Task<Lease<TestResource>> OnOwnThread(Func<Lease<TestResource>> run)
    {
        var ended = new TaskCompletionSource<Lease<TestResource>>(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() =>
        {
            try
            {
                ended.SetResult(run());
            }
            catch (Exception failure)
            {
                ended.SetException(failure);
            }
        }).Start();
        return ended.Task.WaitAsync(Guard, Stop);
    }

    private ResourcePool<TestResource> Sync(
        Func<TestResource>? create = null,
        Func<TestResource, bool>? validate = null,
        TimeProvider? time = null,
        int maxSize = 1) =>
        new(
            ResourceFactory.CreateSync(create ?? (() => new TestResource(Interlocked.Increment(ref _ids), Factory)), validate),
            new ResourcePoolOptions { Name = "sync", MinSize = 0, MaxSize = maxSize },
            time,
            Monitor);
}
