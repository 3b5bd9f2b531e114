using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Pooling;

/// <summary>The minimum size: made on first use, kept ever after.</summary>
public sealed class PoolMinimumTests : PoolTestBase
{
    [Fact]
    public async Task MinSize_BeforeFirstUse_CreatesNothing()
    {
        await using var pool = NewPool(options => (options.MinSize, options.MaxSize) = (3, 5));

        Time.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal(0, Factory.Calls(Stage.Create));
    }

    [Fact]
    public async Task MinSize_FromTheFirstAcquire_IsKept()
    {
        await using var pool = NewPool(options => (options.MinSize, options.MaxSize) = (3, 5));
        var lease = await Lend(pool);
        await Until(() => pool.Statistics.Size == 3 && pool.Statistics.Creating == 0);

        lease.Invalidate();
        await lease.DisposeAsync();

        await Until(() => Factory.Created == 4 && pool.Statistics.Idle == 3);
        Assert.Equal(1, Factory.Contexts.Count(static context => context.IsDemanded));
    }

    [Fact]
    public async Task WarmUpAsync_Waits_UntilTheMinimumIsThere()
    {
        Factory.Set(Stage.Create, Behaviour.Slow);
        await using var pool = NewPool(options => (options.MinSize, options.MaxSize) = (3, 5));
        var warm = pool.WarmUpAsync(Stop);
        await Until(() => Factory.Calls(Stage.Create) == 3);
        Assert.False(warm.IsCompleted);

        Factory.Open(Stage.Create);

        await warm.WaitAsync(Guard, Stop);
        Assert.Equal(3, pool.Statistics.Idle);
        Assert.Equal(3, Factory.Calls(Stage.Create));
    }

    [Fact]
    public async Task WarmUpAsync_CreationFails_ThrowsItsFailure()
    {
        Factory.Set(Stage.Create, Behaviour.ThrowsSync);
        await using var pool = NewPool(options => options.MinSize = 1);

        var thrown = await Assert.ThrowsAsync<ResourceInitializationException>(
            () => pool.WarmUpAsync(Stop).WaitAsync(Guard, Stop));

        Assert.Contains("failed at once", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WarmUpAsync_IsPatientAndCreationsFail_GoesOnUntilTheyDoNot()
    {
        Factory.Set(Stage.Create, Behaviour.ThrowsAsync);
        await using var pool = NewPool(options => (options.MinSize, options.PatientWarmUp) = (2, true));
        var warm = pool.WarmUpAsync(Stop);
        await PassTimeUntil(() => pool.Statistics.CreateFailures >= 3);
        Assert.False(warm.IsCompleted);

        Factory.Heal(Stage.Create);

        await PassTimeUntil(() => warm.IsCompleted);
        await warm;
        Assert.Equal(2, pool.Statistics.Idle);
    }

    [Fact]
    public async Task WarmUpAsync_IsPatientAndCancelled_EndsAndThePoolTriesOn()
    {
        Factory.Set(Stage.Create, Behaviour.ThrowsAsync);
        await using var pool = NewPool(options => (options.MinSize, options.PatientWarmUp) = (1, true));
        using var cancellation = new CancellationTokenSource();
        var warm = pool.WarmUpAsync(cancellation.Token);
        await PassTimeUntil(() => pool.Statistics.CreateFailures >= 2);

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => warm.WaitAsync(Guard, Stop));
        Factory.Heal(Stage.Create);
        await PassTimeUntil(() => pool.Statistics.Idle == 1);
    }

    [Fact]
    public async Task WarmUpAsync_CreationTakesTooLong_ThrowsAtItsTimeout()
    {
        Factory.Set(Stage.Create, Behaviour.IgnoresCancellation);
        await using var pool = NewPool(options => (options.MinSize, options.CreateTimeout) = (1, TimeSpan.FromSeconds(5)));
        var warm = pool.WarmUpAsync(Stop);
        await Until(() => Factory.Calls(Stage.Create) == 1);

        Time.Advance(TimeSpan.FromSeconds(5));

        await Assert.ThrowsAsync<ResourceTimeoutException>(() => warm.WaitAsync(Guard, Stop));
        Factory.Open(Stage.Create);
    }

    [Fact]
    public async Task WarmUpAsync_MinimumIsLoweredMeanwhile_EndsWhenThatIsThere()
    {
        Factory.Set(Stage.Create, Behaviour.Slow);
        await using var pool = NewPool(options => options.MinSize = 2);
        var warm = pool.WarmUpAsync(Stop);
        await Until(() => Factory.Calls(Stage.Create) == 2);
        Assert.False(warm.IsCompleted);

        pool.Resize(0, 2);

        await warm.WaitAsync(Guard, Stop);
        Assert.Equal(2, pool.Statistics.Creating);
        Factory.Open(Stage.Create);
    }

    [Fact]
    public async Task WarmUpAsync_PoolIsDrainedWhileACallerWaits_ThrowsAtOnce()
    {
        Factory.Set(Stage.Create, Behaviour.Slow);
        await using var pool = NewPool(options => options.MinSize = 1);
        var warm = pool.WarmUpAsync(Stop);
        var caller = Ask(pool);
        await Until(() => Factory.Calls(Stage.Create) == 1);

        var drained = pool.DrainAsync(Stop);

        await Assert.ThrowsAsync<PoolClosedException>(() => warm.WaitAsync(Guard, Stop));
        Factory.Open(Stage.Create);
        (await caller.WaitAsync(Guard, Stop)).Dispose();
        await drained.WaitAsync(Guard, Stop);
    }

    [Fact]
    public async Task WarmUpAsync_PoolIsDisposedMeanwhile_Throws()
    {
        Factory.Set(Stage.Create, Behaviour.Slow);
        var pool = NewPool(options => options.MinSize = 1);
        var warm = pool.WarmUpAsync(Stop);
        await Until(() => Factory.Calls(Stage.Create) == 1);

        await pool.DisposeAsync().AsTask().WaitAsync(Guard, Stop);

        var thrown = await Assert.ThrowsAnyAsync<Exception>(() => warm.WaitAsync(Guard, Stop));
        Assert.True(thrown is ObjectDisposedException or ResourceTimeoutException, thrown.ToString());
        await Assert.ThrowsAsync<ObjectDisposedException>(() => pool.WarmUpAsync(Stop));
    }

    [Fact]
    public async Task MinSize_CreationsFail_AreTriedAgainLessAndLessOften()
    {
        await using var pool = NewPool(options => (options.MinSize, options.MaxSize) = (1, 1));
        var lease = await Lend(pool);
        Factory.Set(Stage.Create, Behaviour.ThrowsSync);
        lease.Invalidate();
        await lease.DisposeAsync();
        await Until(() => pool.Statistics.CreateFailures == 1);

        for (var second = 0; second < 600; second++)
        {
            Time.Advance(TimeSpan.FromSeconds(1));
            await Until(() => pool.Statistics.Creating == 0);
        }

        // 0.1 s, doubling, to 30 s: about nine, and then two a minute.
        Assert.InRange(pool.Statistics.CreateFailures, 15, 35);
        Factory.Set(Stage.Create, Behaviour.Ok);
        Time.Advance(TimeSpan.FromSeconds(31));
        await Until(() => pool.Statistics.Idle == 1);
    }

    [Fact]
    public async Task MinSize_CreationsFail_AnAcquireTriesAtOnce()
    {
        await using var pool = NewPool(options => (options.MinSize, options.MaxSize) = (1, 1));
        Factory.Set(Stage.Create, Behaviour.ThrowsSync);
        await Assert.ThrowsAsync<ResourceInitializationException>(() => Lend(pool));

        Factory.Set(Stage.Create, Behaviour.Ok);

        Assert.False((await Lend(pool)).IsStale);
    }
}
