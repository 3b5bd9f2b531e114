using System.Runtime.CompilerServices;
using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Pooling;

/// <summary>Where a caller goes on after a wait: where the language promises.</summary>
public sealed class PoolContinuationTests : PoolTestBase
{
    [Fact]
    public async Task Wait_OnASynchronizationContext_GoesOnThere()
    {
        await using var pool = NewPool(options => options.MaxSize = 1);
        var held = await Lend(pool);
        var context = new RecordingContext();

        var seen = OnContext(context, async () =>
        {
            await using var lease = await pool.AcquireAsync();
            return SynchronizationContext.Current;
        });
        held.Dispose();

        Assert.Same(context, await seen.WaitAsync(Guard, Stop));
        Assert.True(context.Posts > 0);
    }

    [Fact]
    public async Task Wait_WithConfigureAwaitFalse_DoesNotGoBackToTheContext()
    {
        await using var pool = NewPool(options => options.MaxSize = 1);
        var held = await Lend(pool);
        var context = new RecordingContext();

        var seen = OnContext(context, async () =>
        {
            var lease = await pool.AcquireAsync().ConfigureAwait(false);
            lease.Dispose();
            return SynchronizationContext.Current;
        });
        held.Dispose();

        Assert.NotSame(context, await seen.WaitAsync(Guard, Stop));
    }

    [Fact]
    public async Task Wait_OnATaskScheduler_GoesOnThere()
    {
        await using var pool = NewPool(options => options.MaxSize = 1);
        var held = await Lend(pool);
        var scheduler = new ConcurrentExclusiveSchedulerPair().ExclusiveScheduler;

        var seen = Task.Factory.StartNew(
            async () =>
            {
                await using var lease = await pool.AcquireAsync();
                return TaskScheduler.Current;
            },
            CancellationToken.None, TaskCreationOptions.None, scheduler).Unwrap();
        await Until(() => pool.Statistics.Waiting == 1);
        held.Dispose();

        Assert.Same(scheduler, await seen.WaitAsync(Guard, Stop));
    }

    [Fact]
    public async Task Wait_ThroughTheSafeOnCompleted_FlowsTheExecutionContext()
    {
        await using var pool = NewPool(options => options.MaxSize = 1);
        var held = await Lend(pool);
        var local = new AsyncLocal<string?> { Value = "caller" };
        var seen = new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously);

        ValueTaskAwaiter<Lease<TestResource>> awaiter = pool.AcquireAsync().GetAwaiter();
        awaiter.OnCompleted(() =>
        {
            awaiter.GetResult().Dispose();
            seen.SetResult(local.Value);
        });
        local.Value = "later";
        held.Dispose();

        Assert.Equal("caller", await seen.Task.WaitAsync(Guard, Stop));
    }

    [Fact]
    public async Task Wait_AwaitedAfterItHasEnded_GoesOnAsynchronously()
    {
        await using var pool = NewPool(options => options.MaxSize = 1);
        var held = await Lend(pool);
        var wait = pool.AcquireAsync();
        held.Dispose();
        Assert.True(wait.IsCompletedSuccessfully);

        var awaiter = wait.GetAwaiter();
        var thread = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        awaiter.UnsafeOnCompleted(() => thread.SetResult(Environment.CurrentManagedThreadId));

        await thread.Task.WaitAsync(Guard, Stop);
        awaiter.GetResult().Dispose();
        Assert.Equal(1, pool.Statistics.Idle);
    }

    [Fact]
    public async Task Wait_AwaitedTwiceAtOnce_IsRefused()
    {
        await using var pool = NewPool(options => options.MaxSize = 1);
        var held = await Lend(pool);
        var wait = pool.AcquireAsync();
        var first = wait.AsTask();

        Assert.Throws<InvalidOperationException>(() => wait.GetAwaiter().UnsafeOnCompleted(static () => { }));

        held.Dispose();
        (await first.WaitAsync(Guard, Stop)).Dispose();
    }

    private static Task<T> OnContext<T>(SynchronizationContext context, Func<Task<T>> work)
    {
        var before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(context);
        try
        {
            return work();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }
    }

    private sealed class RecordingContext : SynchronizationContext
    {
        private int _posts;

        internal int Posts => Volatile.Read(ref _posts);

        public override void Post(SendOrPostCallback callback, object? state)
        {
            Interlocked.Increment(ref _posts);
            ThreadPool.QueueUserWorkItem(_ =>
            {
                SetSynchronizationContext(this);
                callback(state);
            });
        }
    }
}
