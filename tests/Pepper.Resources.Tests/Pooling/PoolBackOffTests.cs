using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Pooling;

/// <summary>Creations for callers rest after failures, where that is asked for.</summary>
public sealed class PoolBackOffTests : PoolTestBase
{
    [Fact]
    public async Task CreateBackOff_CreationHasFailed_LetsLaterCallersWaitForTheNextAttempt()
    {
        Factory.Set(Stage.Create, Behaviour.ThrowsAsync);
        await using var pool = NewResting();
        await Assert.ThrowsAsync<ResourceInitializationException>(() => Ask(pool).WaitAsync(Guard, Stop));
        Factory.Heal(Stage.Create);

        var later = Ask(pool);
        Time.Advance(TimeSpan.FromMilliseconds(999));
        Assert.False(later.IsCompleted);
        Assert.Equal(1, Factory.Calls(Stage.Create));
        Time.Advance(TimeSpan.FromMilliseconds(1));

        (await later.WaitAsync(Guard, Stop)).Dispose();
        Assert.Equal(2, Factory.Calls(Stage.Create));
    }

    [Fact]
    public async Task CreateBackOff_FailsAgainAndAgain_RestsTwiceAsLongEachTime()
    {
        Factory.Set(Stage.Create, Behaviour.ThrowsAsync);
        await using var pool = NewResting();
        var begin = Time.GetTimestamp();
        List<double> attempts = [];
        for (var attempt = 0; attempt < 8; attempt++)
        {
            var caller = Ask(pool, Timeout.InfiniteTimeSpan);
            while (Factory.Calls(Stage.Create) == attempt)
            {
                await PassTimeUntil(
                    () => Factory.Calls(Stage.Create) > attempt || pool.Statistics.Creating > 0, TimeSpan.FromSeconds(0.5));
            }

            attempts.Add(Time.GetElapsedTime(begin).TotalSeconds);
            await Assert.ThrowsAsync<ResourceInitializationException>(() => caller.WaitAsync(Guard, Stop));
        }

        var rests = attempts.Zip(attempts.Skip(1), static (one, next) => next - one).ToArray();
        double[] expected = [1, 2, 4, 8, 16, 30, 30];
        Assert.All(rests.Zip(expected), static pair => Assert.InRange(pair.First, pair.Second - 0.5, pair.Second + 2.5));
    }

    [Fact]
    public async Task CreateBackOff_LeaseComesBackMeanwhile_ServesWhoWaits()
    {
        await using var pool = NewResting();
        var lease = await Lend(pool);
        Factory.Set(Stage.Create, Behaviour.ThrowsAsync);
        await Assert.ThrowsAsync<ResourceInitializationException>(() => Ask(pool).WaitAsync(Guard, Stop));
        var later = Ask(pool);

        lease.Dispose();

        (await later.WaitAsync(Guard, Stop)).Dispose();
        Assert.Equal(2, Factory.Calls(Stage.Create));
    }

    [Fact]
    public async Task CreateBackOff_DeadlinePassesMeanwhile_TellsTheFailure()
    {
        Factory.Set(Stage.Create, Behaviour.ThrowsAsync);
        await using var pool = NewResting(TimeSpan.FromSeconds(30));
        await Assert.ThrowsAsync<ResourceInitializationException>(() => Ask(pool).WaitAsync(Guard, Stop));
        var later = Ask(pool, TimeSpan.FromSeconds(5));

        Time.Advance(TimeSpan.FromSeconds(6));

        var thrown = await Assert.ThrowsAsync<PoolExhaustedException>(() => later.WaitAsync(Guard, Stop));
        Assert.Equal(ExhaustionReason.NotReady, thrown.Reason);
        Assert.Contains("failed later", thrown.Message, StringComparison.Ordinal);
        Assert.Equal(1, Factory.Calls(Stage.Create));
    }

    [Fact]
    public async Task CreateBackOff_ThousandCallersInAnOutage_MakesFewAttempts()
    {
        Factory.Set(Stage.Create, Behaviour.ThrowsAsync);
        await using var pool = NewResting();
        var callers = Enumerable.Range(0, 1000).Select(_ => AskUntilServed()).ToArray();
        await PassTimeUntil(() => Factory.Calls(Stage.Create) >= 6, TimeSpan.FromSeconds(0.5));
        var attempts = Factory.Calls(Stage.Create);
        Factory.Heal(Stage.Create);

        await PassTimeUntil(() => callers.All(static caller => caller.IsCompleted));

        await Task.WhenAll(callers);
        Assert.InRange(attempts, 6, 12);
        Assert.InRange(Factory.MaxCreating, 1, 4);

        async Task AskUntilServed()
        {
            while (true)
            {
                try
                {
                    await using var lease = await pool.AcquireAsync(Timeout.InfiniteTimeSpan, Stop);
                    return;
                }
                catch (ResourceInitializationException)
                {
                    // It asks again at once, as callers do.
                }
            }
        }
    }

    [Fact]
    public async Task CreateBackOff_CreationHasSucceeded_BeginsAnew()
    {
        Factory.Set(Stage.Create, Behaviour.ThrowsAsync);
        await using var pool = NewResting();
        await Assert.ThrowsAsync<ResourceInitializationException>(() => Ask(pool).WaitAsync(Guard, Stop));
        Factory.Heal(Stage.Create);
        var later = Ask(pool);
        await PassTimeUntil(() => later.IsCompleted);
        var held = await later;

        await using var next = await Lend(pool);

        Assert.Equal(3, Factory.Calls(Stage.Create));
        held.Dispose();
    }

    [Fact]
    public async Task FailFastOnBackOff_CreationHasFailed_TellsLaterCallersAtOnceUntilItRestsNoMore()
    {
        Factory.Set(Stage.Create, Behaviour.ThrowsAsync);
        await using var pool = NewPool(options =>
            (options.CreateBackOff, options.FailFastOnBackOff) = (TimeSpan.FromSeconds(1), true));
        await Assert.ThrowsAsync<ResourceInitializationException>(() => Ask(pool).WaitAsync(Guard, Stop));
        Factory.Heal(Stage.Create);
        using var listener = new MetricListener(Monitor);

        var told = Ask(pool);

        Assert.True(told.IsFaulted);
        Assert.Equal(1, listener.Count("pepperpy_resource_acquisition_seconds", "outcome=failed"));
        var thrown = await Assert.ThrowsAsync<ResourceInitializationException>(() => told);
        Assert.Contains("failed later", thrown.Message, StringComparison.Ordinal);
        Assert.Equal((1, 0), (Factory.Calls(Stage.Create), pool.Statistics.Waiting));
        Time.Advance(TimeSpan.FromSeconds(1));
        (await Lend(pool)).Dispose();
    }

    [Fact]
    public async Task FailFastOnBackOff_SomethingIsLent_WaitsForIt()
    {
        await using var pool = NewPool(options =>
            (options.CreateBackOff, options.FailFastOnBackOff) = (TimeSpan.FromSeconds(1), true));
        var lease = await Lend(pool);
        Factory.Set(Stage.Create, Behaviour.ThrowsAsync);
        await Assert.ThrowsAsync<ResourceInitializationException>(() => Ask(pool).WaitAsync(Guard, Stop));

        var later = Ask(pool);

        Assert.False(later.IsCompleted);
        lease.Dispose();
        (await later.WaitAsync(Guard, Stop)).Dispose();
    }

    [Fact]
    public void Construct_FailFastWithoutBackOff_IsRefused()
    {
        var thrown = Assert.Throws<ArgumentException>(() => NewPool(options => options.FailFastOnBackOff = true));

        Assert.Contains("CreateBackOff", thrown.Message, StringComparison.Ordinal);
    }

    private ResourcePool<TestResource> NewResting(TimeSpan? rest = null) =>
        NewPool(options => (options.CreateBackOff, options.Recovery) = (rest ?? TimeSpan.FromSeconds(1), null));
}
