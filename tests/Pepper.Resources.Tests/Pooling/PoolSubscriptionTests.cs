using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Pooling;

/// <summary>How events reach their subscribers.</summary>
public sealed class PoolSubscriptionTests : PoolTestBase
{
    private const int Capacity = 1024;

    [Fact]
    public async Task Subscribe_NoHandler_Throws()
    {
        await using var pool = NewPool();

        Assert.Throws<ArgumentNullException>(() => pool.Subscribe(null!));
    }

    [Fact]
    public async Task Subscribe_PoolIsDisposed_Throws()
    {
        var pool = NewPool();
        await pool.DisposeAsync().AsTask().WaitAsync(Guard, Stop);

        Assert.Throws<ObjectDisposedException>(() => pool.Subscribe(static _ => { }));
    }

    [Fact]
    public async Task Handler_Runs_OnTheThreadPoolWithoutTheContextOfWhoSubscribes()
    {
        var local = new AsyncLocal<string> { Value = "mine" };
        var seen = new TaskCompletionSource<(bool IsThreadPool, int Thread, string? Local)>();
        await using var pool = NewPool();
        using var subscription = pool.Subscribe(_ => seen.TrySetResult(
            (Thread.CurrentThread.IsThreadPoolThread, Environment.CurrentManagedThreadId, local.Value)));
        var thread = 0;

        // A thread of its own, which the handler would otherwise run on.
        var caller = new Thread(() =>
        {
            thread = Environment.CurrentManagedThreadId;
            pool.Pause();
        });
        caller.Start();
        caller.Join();

        var (isThreadPool, ranOn, flowed) = await seen.Task.WaitAsync(Guard, Stop);
        Assert.True(isThreadPool);
        Assert.NotEqual(thread, ranOn);
        Assert.Null(flowed);
    }

    [Fact]
    public async Task Handler_ManyEventsFromManyThreads_AreOneAtATimeAndInTheSameOrderForAll()
    {
        await using var pool = NewPool();
        var recorders = new[] { new EventRecorder(), new EventRecorder() };
        var running = 0;
        var most = 0;
        using var first = pool.Subscribe(one =>
        {
            most = Math.Max(most, Interlocked.Increment(ref running));
            recorders[0].Handle(one);
            Interlocked.Decrement(ref running);
        });
        using var second = pool.Subscribe(recorders[1].Handle);

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            for (var round = 0; round < 50; round++)
            {
                pool.Pause();
                pool.Invalidate();
                pool.Resume();
            }
        }, Stop))).WaitAsync(Guard, Stop);
        pool.Resize(0, 7);

        await recorders[0].UntilSeen(PoolEventKind.Resized);
        await recorders[1].UntilSeen(PoolEventKind.Resized);
        Assert.Equal(1, most);
        Assert.Equal(recorders[0].Seen, recorders[1].Seen);
        Assert.Equal(
            Enumerable.Range(1, recorders[0].Seen.Count).Select(static number => (long)number),
            recorders[0].Seen.Select(one => one.Sequence));

        // The order is that of the changes: what was paused is resumed before it is paused again.
        var gate = recorders[0].Kinds.Where(kind => kind is PoolEventKind.Paused or PoolEventKind.Resumed).ToArray();
        PoolEventKind[] inTurn = [PoolEventKind.Paused, PoolEventKind.Resumed];
        Assert.Equal(Enumerable.Range(0, gate.Length).Select(index => inTurn[index % 2]), gate);
    }

    [Fact]
    public async Task Handler_Throws_IsLoggedAndGetsTheNext()
    {
        await using var pool = NewPool();
        var events = new EventRecorder();
        using var subscription = pool.Subscribe(one =>
        {
            events.Handle(one);
            throw new InvalidOperationException("The handler is broken.");
        });

        pool.Pause();
        pool.Resume();

        await events.UntilSeen(PoolEventKind.Resumed);
        await Until(() => Log.Count(1120) == 2);
        Assert.Contains(Log.Lines, line => line.Text.Contains("Paused failed: The handler is broken.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Handler_ThrowsAndTheLoggerToo_GetsTheNext()
    {
        await using var pool = NewPool();
        Log.Throws = true;
        var events = new EventRecorder();
        using var subscription = pool.Subscribe(one =>
        {
            events.Handle(one);
            throw new InvalidOperationException("The handler is broken.");
        });

        pool.Pause();
        pool.Resume();

        await events.UntilSeen(PoolEventKind.Resumed);
    }

    [Fact]
    public async Task Handler_IsSlow_DelaysNobodyElse()
    {
        using var gate = new ManualResetEventSlim();
        await using var pool = NewPool();
        var (slow, swift) = (new EventRecorder(), new EventRecorder());
        using var first = pool.Subscribe(one =>
        {
            gate.Wait(Guard, Stop);
            slow.Handle(one);
        });
        using var second = pool.Subscribe(swift.Handle);

        pool.Pause();
        pool.Resume();
        await (await Lend(pool)).DisposeAsync();

        await swift.UntilSeen(PoolEventKind.Created);
        Assert.Empty(slow.Seen);
        gate.Set();
        await slow.UntilSeen(PoolEventKind.Created);
        Assert.Equal(swift.Seen, slow.Seen);
    }

    [Fact]
    public async Task Handler_IsTooSlow_MissesTheNewestAndIsToldHowMany()
    {
        using var gate = new ManualResetEventSlim();
        var isIn = new TaskCompletionSource();
        await using var pool = NewPool();
        var events = new EventRecorder();
        using var subscription = pool.Subscribe(one =>
        {
            isIn.TrySetResult();
            gate.Wait(Guard, Stop);
            events.Handle(one);
        });
        pool.Invalidate();
        await isIn.Task.WaitAsync(Guard, Stop);

        for (var round = 0; round < Capacity + 10; round++)
        {
            pool.Invalidate();
        }

        gate.Set();
        await Until(() => events.Seen.Count == Capacity + 1);
        pool.Pause();

        await events.UntilSeen(PoolEventKind.Paused);
        Assert.Equal(Enumerable.Range(1, Capacity + 1).Select(number => (long)number).Append(Capacity + 12),
            events.Seen.Select(one => one.Sequence));
        Assert.All(events.Seen.SkipLast(1), one => Assert.Equal(0, one.Missed));
        Assert.Equal(10, events[PoolEventKind.Paused].Missed);
        Assert.Equal(1, Log.Count(1121));
    }

    [Fact]
    public async Task Handler_IsTooSlowAndThePoolIsDisposed_GetsWhatIsQueuedAndDisposedAsTheLast()
    {
        using var gate = new ManualResetEventSlim();
        var pool = NewPool();
        var events = new EventRecorder();
        using var subscription = pool.Subscribe(one =>
        {
            gate.Wait(Guard, Stop);
            events.Handle(one);
        });
        for (var round = 0; round < Capacity + 100; round++)
        {
            pool.Invalidate();
        }

        await pool.DisposeAsync().AsTask().WaitAsync(Guard, Stop);
        Assert.Empty(events.Seen);
        gate.Set();

        await events.UntilSeen(PoolEventKind.Disposed);
        Assert.Equal(PoolEventKind.Disposed, events.Kinds.Last());
        Assert.Equal(Capacity + 101, events.Seen.Last().Sequence);
        Assert.Equal(Capacity + 101, events.Seen.Count + events.Seen.Sum(one => one.Missed));
    }

    [Fact]
    public async Task Handler_NeverEnds_NobodyWaitsForIt()
    {
        using var never = new ManualResetEventSlim();
        var isIn = new TaskCompletionSource();
        var pool = NewPool();
        using var subscription = pool.Subscribe(_ =>
        {
            isIn.TrySetResult();
            never.Wait(Stop);
        });
        await using (await Lend(pool))
        {
            await isIn.Task.WaitAsync(Guard, Stop);
            pool.Invalidate();
        }

        await pool.DrainAsync(Stop).WaitAsync(Guard, Stop);
        await pool.DisposeAsync().AsTask().WaitAsync(Guard, Stop);

        await AssertAllDestroyedOnce(Factory);
        never.Set();
    }

    [Fact]
    public async Task Handler_CallsThePool_DoesNotDeadlock()
    {
        var pool = NewPool();
        var events = new EventRecorder();
        using var subscription = pool.Subscribe(one =>
        {
            events.Handle(one);
            if (one.Kind == PoolEventKind.Paused)
            {
                pool.Resume();
            }
            else if (one.Kind == PoolEventKind.Resumed)
            {
                _ = pool.DisposeAsync().AsTask();
            }
        });

        pool.Pause();

        await events.UntilSeen(PoolEventKind.Disposed);
        Assert.Equal([PoolEventKind.Paused, PoolEventKind.Resumed, PoolEventKind.Disposed], events.Kinds);
    }

    [Fact]
    public async Task Dispose_EventsAreQueued_AreDropped()
    {
        using var gate = new ManualResetEventSlim();
        var isIn = new TaskCompletionSource();
        var isOut = new TaskCompletionSource();
        await using var pool = NewPool();
        var (gone, there) = (new EventRecorder(), new EventRecorder());
        var subscription = pool.Subscribe(one =>
        {
            gone.Handle(one);
            isIn.TrySetResult();
            gate.Wait(Guard, Stop);
            isOut.TrySetResult();
        });
        using var other = pool.Subscribe(there.Handle);
        pool.Pause();
        await isIn.Task.WaitAsync(Guard, Stop);
        pool.Resume();

        subscription.Dispose();
        subscription.Dispose();
        gate.Set();
        await isOut.Task.WaitAsync(Guard, Stop);
        pool.Resize(0, 9);

        await there.UntilSeen(PoolEventKind.Resized);
        Assert.Equal([PoolEventKind.Paused], gone.Kinds);
        Assert.Equal([PoolEventKind.Paused, PoolEventKind.Resumed, PoolEventKind.Resized], there.Kinds);
    }

    [Fact]
    public async Task Dispose_FromWithinTheHandler_EndsIt()
    {
        await using var pool = NewPool();
        var (gone, there) = (new EventRecorder(), new EventRecorder());
        IDisposable? subscription = null;
        subscription = pool.Subscribe(one =>
        {
            gone.Handle(one);
            subscription!.Dispose();
        });

        pool.Pause();
        await gone.UntilSeen(PoolEventKind.Paused);
        using var other = pool.Subscribe(there.Handle);
        pool.Resume();

        await there.UntilSeen(PoolEventKind.Resumed);
        Assert.Equal([PoolEventKind.Paused], gone.Kinds);
    }

    [Fact]
    public async Task Dispose_TheLastSubscriber_TheNextGoesOnCounting()
    {
        await using var pool = NewPool();
        var (first, second) = (new EventRecorder(), new EventRecorder());
        using (pool.Subscribe(first.Handle))
        {
            pool.Pause();
            await first.UntilSeen(PoolEventKind.Paused);
        }

        pool.Resume();
        using var later = pool.Subscribe(second.Handle);
        pool.Pause();

        await second.UntilSeen(PoolEventKind.Paused);
        Assert.Equal([1L], first.Seen.Select(one => one.Sequence));
        Assert.Equal([2L], second.Seen.Select(one => one.Sequence));
    }

    [Fact]
    public void Subscribe_NobodyHoldsThePool_DoesNotKeepItAlive()
    {
        var weak = Forget();
        for (var round = 0; round < 20 && weak.IsAlive; round++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.False(weak.IsAlive);

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        WeakReference Forget()
        {
            var pool = new ResourcePool<TestResource>(
                Factory, new ResourcePoolOptions { MinSize = 0 }, Time, new ResourceMonitor());
            pool.Subscribe(static _ => { });
            return new WeakReference(pool);
        }
    }
}
