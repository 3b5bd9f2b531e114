using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Pooling;

/// <summary>Which events there are.</summary>
public sealed class PoolEventTests : PoolTestBase
{
    private readonly EventRecorder _events = new();

    [Fact]
    public async Task Subscribe_PlainAcquiresAndReturns_TellNothing()
    {
        var pool = NewPool();
        using var subscription = pool.Subscribe(_events.Handle);

        for (var round = 0; round < 100; round++)
        {
            await (await Lend(pool)).DisposeAsync();
        }

        await pool.DisposeAsync().AsTask().WaitAsync(Guard, Stop);
        await _events.UntilSeen(PoolEventKind.Disposed);
        Assert.Equal([PoolEventKind.Created, PoolEventKind.Destroyed, PoolEventKind.Disposed], _events.Kinds);
        Assert.Equal(DestroyReason.PoolClosed, _events[PoolEventKind.Destroyed].Reason);
    }

    [Fact]
    public async Task Subscribe_OperatorsAct_TellsItInOrder()
    {
        var pool = NewPool();
        using var subscription = pool.Subscribe(_events.Handle);

        pool.Pause();
        pool.Pause();
        pool.Resume();
        pool.Resume();
        pool.Resize(0, 3);
        pool.Resize(0, 3);
        pool.Invalidate();
        pool.Invalidate(TimeSpan.FromMinutes(1));
        await pool.ReplaceFactoryAsync(new TestFactory(), Stop).WaitAsync(Guard, Stop);
        await pool.DrainAsync(Stop).WaitAsync(Guard, Stop);
        await pool.DrainAsync(Stop).WaitAsync(Guard, Stop);
        await pool.DisposeAsync().AsTask().WaitAsync(Guard, Stop);

        await _events.UntilSeen(PoolEventKind.Disposed);
        Assert.Equal(
            [
                PoolEventKind.Paused, PoolEventKind.Resumed, PoolEventKind.Resized, PoolEventKind.GenerationBegun,
                PoolEventKind.RenewalBegun, PoolEventKind.FactoryReplaced, PoolEventKind.Draining, PoolEventKind.Drained,
                PoolEventKind.Disposed,
            ],
            _events.Kinds);
        Assert.Equal(Enumerable.Range(1, 9).Select(static number => (long)number), _events.Seen.Select(one => one.Sequence));
        Assert.All(_events.Seen, one => Assert.Equal(("orders", 0L), (one.Pool, one.Missed)));
    }

    [Fact]
    public async Task Subscribe_WallClockJumps_ShowsTheWallClockAndKeepsTheOrder()
    {
        await using var pool = NewPool();
        using var subscription = pool.Subscribe(_events.Handle);
        var before = Time.GetUtcNow();

        pool.Pause();
        Time.SetUtcNow(before - TimeSpan.FromHours(1));
        pool.Resume();

        await _events.UntilSeen(PoolEventKind.Resumed);
        Assert.Equal([before, before - TimeSpan.FromHours(1)], _events.Seen.Select(one => one.Time));
        Assert.Equal([1L, 2], _events.Seen.Select(one => one.Sequence));
    }

    [Fact]
    public async Task Subscribe_StagesFail_TellsTheFailures()
    {
        var factory = new TestFactory { Hooks = FactoryHooks.Validate | FactoryHooks.Reset };
        await using var pool = NewPool(factory: factory);
        using var subscription = pool.Subscribe(_events.Handle);
        factory.Set(Stage.Create, Behaviour.ThrowsAsync);
        await Assert.ThrowsAsync<ResourceInitializationException>(() => Lend(pool));
        factory.Heal(Stage.Create);
        factory.Set(Stage.Reset, Behaviour.ThrowsSync);
        await (await Lend(pool)).DisposeAsync();
        await _events.UntilSeen(PoolEventKind.Destroyed);
        factory.Heal(Stage.Reset);
        await (await Lend(pool)).DisposeAsync();
        factory.IsFit = resource => resource.Id != 2;

        await using var lease = await Lend(pool);

        await Until(() => _events.Count(PoolEventKind.Destroyed) == 2);
        Assert.Contains("Create failed later", _events[PoolEventKind.CreateFailed].Message, StringComparison.Ordinal);
        Assert.IsType<InvalidOperationException>(_events[PoolEventKind.CreateFailed].Exception);
        Assert.Contains("Reset failed at once", _events[PoolEventKind.ResetFailed].Exception!.Message, StringComparison.Ordinal);
        Assert.Null(_events[PoolEventKind.ValidationFailed].Exception);
        Assert.Equal(
            [DestroyReason.ResetFailed, DestroyReason.ValidationFailed],
            _events.Seen.Where(one => one.Kind == PoolEventKind.Destroyed).Select(one => one.Reason!.Value));
    }

    [Fact]
    public async Task Subscribe_StagesNeverEnd_TellsThatTheyWereAbandoned()
    {
        var factory = new TestFactory { Hooks = FactoryHooks.Reset };
        await using var pool = NewPool(factory: factory);
        using var subscription = pool.Subscribe(_events.Handle);
        var lease = await Lend(pool);
        factory.Set(Stage.Reset, Behaviour.IgnoresCancellation);
        factory.Set(Stage.Destroy, Behaviour.IgnoresCancellation);

        lease.Dispose();
        await PassTimeUntil(() => _events.Count(PoolEventKind.Destroyed) == 1);

        Assert.Equal(
            [
                PoolEventKind.Created, PoolEventKind.StageAbandoned, PoolEventKind.StageAbandoned, PoolEventKind.Destroyed,
            ],
            _events.Kinds);
        Assert.Contains("ResetTimeout", _events.Seen.ElementAt(1).Message, StringComparison.Ordinal);
        Assert.Contains("DestroyTimeout", _events.Seen.ElementAt(2).Message, StringComparison.Ordinal);
        factory.Open(Stage.Reset);
        factory.Open(Stage.Destroy);
    }

    [Fact]
    public async Task Subscribe_CreationNeverEnds_TellsTheFailureOnceAndThatItWasAbandoned()
    {
        Factory.Set(Stage.Create, Behaviour.IgnoresCancellation);
        await using var pool = NewPool();
        using var subscription = pool.Subscribe(_events.Handle);
        var caller = Ask(pool, Timeout.InfiniteTimeSpan);

        await PassTimeUntil(() => _events.Count(PoolEventKind.StageAbandoned) == 1);

        await Assert.ThrowsAsync<ResourceTimeoutException>(() => caller.WaitAsync(Guard, Stop));
        Assert.Equal([PoolEventKind.CreateFailed, PoolEventKind.StageAbandoned], _events.Kinds);
        Factory.Open(Stage.Create);
        await _events.UntilSeen(PoolEventKind.Destroyed);
        Assert.Equal(DestroyReason.TooLate, _events[PoolEventKind.Destroyed].Reason);
    }

    [Fact]
    public async Task Subscribe_HolderInvalidates_NamesTheHolderAndTheCause()
    {
        await using var pool = NewPool();
        using var subscription = pool.Subscribe(_events.Handle);
        await using var lease = await Lend(pool);
        var cause = new InvalidOperationException("The line is dead.");

        lease.Invalidate(cause);

        await _events.UntilSeen(PoolEventKind.Invalidated);
        var told = _events[PoolEventKind.Invalidated];
        Assert.Same(cause, told.Exception);
        Assert.Contains("The line is dead.", told.Message, StringComparison.Ordinal);
        Assert.Equal("PoolTestBase.cs", told.Lease!.CallSite.File);
    }

    [Fact]
    public async Task Subscribe_LeaseLeaks_TellsSuspicionReturnAndReclaim()
    {
        await using var pool = NewPool(options => options.LeakThreshold = TimeSpan.FromSeconds(10));
        using var subscription = pool.Subscribe(_events.Handle);
        var lease = await Lend(pool);
        Time.Advance(TimeSpan.FromSeconds(15));

        await lease.DisposeAsync();

        await _events.UntilSeen(PoolEventKind.LeakReturned);
        Assert.Equal([PoolEventKind.Created, PoolEventKind.LeakSuspected, PoolEventKind.LeakReturned], _events.Kinds);
        Assert.Equal(TimeSpan.FromSeconds(15), _events[PoolEventKind.LeakReturned].Lease!.Age);
        Assert.True(_events[PoolEventKind.LeakSuspected].Lease!.IsSuspectedLeak);
    }

    [Fact]
    public async Task Subscribe_LeakIsReclaimed_TellsIt()
    {
        await using var pool = NewPool(options =>
        {
            options.LeakThreshold = TimeSpan.FromSeconds(10);
            options.ReclaimLeaked = true;
        });
        using var subscription = pool.Subscribe(_events.Handle);
        var lease = await Lend(pool);

        Time.Advance(TimeSpan.FromSeconds(15));

        await _events.UntilSeen(PoolEventKind.Destroyed);
        Assert.Equal(
            [PoolEventKind.Created, PoolEventKind.LeakSuspected, PoolEventKind.LeakReclaimed, PoolEventKind.Destroyed],
            _events.Kinds);
        Assert.Equal(DestroyReason.Leaked, _events[PoolEventKind.Destroyed].Reason);
        Assert.True(lease.IsStale);
    }

    [Fact]
    public async Task Subscribe_CallersGetNothing_TellsWhatTheyWereTold()
    {
        await using var pool = NewPool(options => (options.MaxSize, options.MaxWaiters) = (1, 1));
        using var subscription = pool.Subscribe(_events.Handle);
        await using var lease = await Lend(pool);
        var late = Ask(pool);
        var refused = await Assert.ThrowsAsync<PoolExhaustedException>(() => Ask(pool));

        Time.Advance(TimeSpan.FromSeconds(31));

        var exhausted = await Assert.ThrowsAsync<PoolExhaustedException>(() => late.WaitAsync(Guard, Stop));
        await _events.UntilSeen(PoolEventKind.Exhausted);
        Assert.Same(refused, _events[PoolEventKind.Rejected].Exception);
        Assert.Same(exhausted, _events[PoolEventKind.Exhausted].Exception);
    }

    [Fact]
    public async Task ToString_AnyEvent_IsOneLine()
    {
        await using var pool = NewPool();
        using var subscription = pool.Subscribe(_events.Handle);
        pool.Pause();

        await _events.UntilSeen(PoolEventKind.Paused);

        Assert.Equal("2026-01-01T00:00:00.0000000+00:00 pool 'orders' Paused: The pool is paused.",
            _events[PoolEventKind.Paused].ToString());
    }

    [Fact]
    public async Task Subscribe_FailureHasNoText_TellsItAllTheSame()
    {
        var factory = new TestFactory { CreateNow = static (_, _) => Task.FromException(new MuteException()) };
        await using var pool = NewPool(factory: factory);
        using var subscription = pool.Subscribe(_events.Handle);

        await Assert.ThrowsAsync<ResourceInitializationException>(() => Lend(pool));

        await _events.UntilSeen(PoolEventKind.CreateFailed);
        Assert.EndsWith(nameof(MuteException), _events[PoolEventKind.CreateFailed].Message, StringComparison.Ordinal);
    }

    private sealed class MuteException : Exception
    {
        public override string Message => throw new InvalidOperationException("It cannot say.");
    }
}
