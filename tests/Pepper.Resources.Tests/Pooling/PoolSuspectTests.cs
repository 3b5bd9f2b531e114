using Pepper.Resources.Pooling;
using Pepper.Resources.Recovery;

namespace Pepper.Resources.Tests.Pooling;

/// <summary>What the failure of one resource means for the others.</summary>
public sealed class PoolSuspectTests : PoolRecoveryTestBase
{
    public PoolSuspectTests()
    {
        Factory = new TestFactory { Hooks = FactoryHooks.Validate };
    }

    [Fact]
    public async Task Invalidate_OneOfSeveral_ValidatesEachOtherBeforeItIsLentAgain()
    {
        await using var pool = NewPool((options, _) => (options.MaxSize, options.Validation) = (3, ValidationMode.None));
        var events = new EventRecorder();
        using var subscription = pool.Subscribe(events.Handle);
        var leases = await Lend(pool, 3);
        await leases[1].DisposeAsync();
        var (good, broken) = (leases[0].Resource, leases[2].Resource);
        Factory.IsFit = resource => resource == good;

        leases[2].Invalidate(new IOException("gone"));
        await leases[2].DisposeAsync();

        Assert.Equal(2, pool.Statistics.Suspects);
        Assert.Equal(1, Log.Count(1140));
        await events.UntilSeen(PoolEventKind.Suspected);
        await leases[0].DisposeAsync();
        var two = await Lend(pool, 2);
        Assert.DoesNotContain(broken, two.Select(static lease => lease.Resource));
        Assert.Equal(2, Factory.Calls(Stage.Validate));
        await Until(() => Factory.Destroyed == 2);
        Assert.Equal(0, pool.Statistics.Suspects);
    }

    [Fact]
    public async Task Invalidate_SuspectsAreCleared_AreNotValidatedAgain()
    {
        await using var pool = NewPool((options, _) => options.Validation = ValidationMode.None);
        var leases = await Lend(pool, 2);
        leases[0].Invalidate();
        await leases[0].DisposeAsync();
        await leases[1].DisposeAsync();

        for (var loan = 0; loan < 5; loan++)
        {
            await (await Lend(pool)).DisposeAsync();
        }

        Assert.Equal(1, Factory.Calls(Stage.Validate));

        // At the next tick the pool lends without a look again.
        Time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(pool.TryAcquire(out var lease));
        await lease.DisposeAsync();
        Assert.Equal(1, Factory.Calls(Stage.Validate));
    }

    [Fact]
    public async Task Invalidate_ManyOfOneOutage_SuspectsNoneThatWasCleared()
    {
        await using var pool = NewPool((options, _) => (options.MaxSize, options.Validation) = (3, ValidationMode.None));
        var leases = await Lend(pool, 3);
        leases[0].Invalidate();
        await leases[2].DisposeAsync();
        await (await Lend(pool)).DisposeAsync();
        Assert.Equal(1, Factory.Calls(Stage.Validate));

        // It was a suspect itself: that it fails is no news.
        leases[1].Invalidate();
        await (await Lend(pool)).DisposeAsync();

        Assert.Equal(1, Factory.Calls(Stage.Validate));
        await leases[0].DisposeAsync();
        await leases[1].DisposeAsync();
    }

    [Fact]
    public async Task Invalidate_SuspectIsReturnedToAWaiter_IsValidatedFirst()
    {
        await using var pool = NewPool((options, _) => options.Validation = ValidationMode.None);
        var leases = await Lend(pool, 2);
        Factory.Set(Stage.Create, Behaviour.Slow);
        leases[0].Invalidate();
        await leases[0].DisposeAsync();
        var waiting = Ask(pool);
        Factory.IsFit = static _ => false;

        await leases[1].DisposeAsync();

        await Until(() => Factory.Destroyed == 2);
        Assert.Equal(1, Factory.Calls(Stage.Validate));
        Assert.False(waiting.IsCompleted);
        Factory.IsFit = null;
        Factory.Open(Stage.Create);
        await (await waiting.WaitAsync(Guard, Stop)).DisposeAsync();
    }

    [Fact]
    public async Task Invalidate_ByACancellationOfItsHolder_SuspectsNobody()
    {
        await using var pool = NewPool((options, _) => options.Validation = ValidationMode.None);
        var leases = await Lend(pool, 2);

        leases[0].Invalidate(new OperationCanceledException());

        Assert.Equal(0, pool.Statistics.Suspects);
        await leases[0].DisposeAsync();
        await leases[1].DisposeAsync();
    }

    [Fact]
    public async Task Invalidate_SuspectingIsOff_SuspectsNobody()
    {
        await using var pool = NewPool((options, recovery) =>
            (options.Validation, recovery.SuspectSiblings) = (ValidationMode.None, false));
        var leases = await Lend(pool, 2);

        leases[0].Invalidate();

        Assert.Equal(0, pool.Statistics.Suspects);
        await leases[0].DisposeAsync();
        await leases[1].DisposeAsync();
    }

    [Fact]
    public async Task KeepAlive_FindsOneBroken_SuspectsTheOthers()
    {
        await using var pool = NewPool((options, _) =>
            (options.MaxSize, options.Validation, options.KeepAliveInterval) =
                (4, ValidationMode.WhileIdle, TimeSpan.FromSeconds(4)));
        var leases = await Lend(pool, 4);
        foreach (var lease in leases)
        {
            await lease.DisposeAsync();
        }

        Factory.IsFit = static _ => false;
        await PassTimeUntil(() => Factory.Calls(Stage.Validate) > 0);

        await Until(() => pool.Statistics.Suspects > 0 || Factory.Destroyed == 4);
    }

    [Fact]
    public async Task Invalidate_FatalToThePool_BeginsOneGeneration()
    {
        await using var pool = NewPool((options, recovery) =>
        {
            (options.MaxSize, options.Validation) = (4, ValidationMode.None);
            recovery.Classify = static failure =>
                failure is { Stage: ResourceStage.Use, Exception: IOException } ? FailureKind.Pool : failure.DefaultKind;
        });
        var leases = await Lend(pool, 4);
        await leases[3].DisposeAsync();

        // All three fail, one after the other, by the same outage.
        foreach (var lease in leases[..3])
        {
            lease.Invalidate(new IOException("server shut down"));
            await lease.DisposeAsync();
        }

        await Until(() => Factory.Destroyed == 4);
        Assert.Equal((1, 1), (pool.Statistics.Generation, Log.Count(1141)));
        var after = await Lend(pool, 4);
        Assert.All(after, static lease => Assert.Equal(0, lease.Resource.Destroyed));
    }

    [Fact]
    public async Task Invalidate_OldOneFailsAfterTheRebuild_LeavesTheNewOnes()
    {
        await using var pool = NewPool((options, recovery) =>
        {
            options.Validation = ValidationMode.None;
            recovery.Classify = static _ => FailureKind.Pool;
        });
        var leases = await Lend(pool, 2);
        leases[0].Invalidate();
        await leases[0].DisposeAsync();
        var rebuilt = await Lend(pool);

        leases[1].Invalidate();
        await leases[1].DisposeAsync();

        Assert.Equal(1, pool.Statistics.Generation);
        await rebuilt.DisposeAsync();
        await using var again = await Lend(pool);
        Assert.Same(rebuilt.IsStale ? again.Resource : null, again.Resource);
        Assert.Equal(0, again.Resource.Destroyed);
    }

    [Fact]
    public async Task Classify_ThrowsOrYieldsNonsense_IsLoggedAndTheDefaultHolds()
    {
        var calls = 0;
        await using var pool = NewPool((options, recovery) =>
        {
            options.Validation = ValidationMode.None;
            recovery.Classify = _ => calls++ == 0 ? throw new InvalidOperationException("Confused.") : (FailureKind)77;
        });
        var leases = await Lend(pool, 2);

        leases[0].Invalidate();

        Assert.Equal(1, pool.Statistics.Suspects);
        Assert.Equal(1, Log.Count(1515));
        await leases[1].DisposeAsync();
        await leases[0].DisposeAsync();
        Factory.Set(Stage.Create, Behaviour.ThrowsAsync);
        await (await Lend(pool)).DisposeAsync();
        Assert.Equal(1, calls);
    }

    [Fact]
    public async Task ReplaceFactory_SuspicionComesMeanwhile_NothingIsReturnedWithoutALook()
    {
        await using var pool = NewPool((options, _) => options.Validation = ValidationMode.None);
        var leases = await Lend(pool, 2);
        var next = new TestFactory { Hooks = FactoryHooks.Reset };

        var replacing = pool.ReplaceFactoryAsync(next, Stop);
        leases[0].Invalidate();
        await leases[0].DisposeAsync();
        await leases[1].DisposeAsync();
        await replacing.WaitAsync(Guard, Stop);

        await Until(() => Factory.Destroyed == 2);
        await (await Lend(pool)).DisposeAsync();
        Assert.Equal(1, next.Calls(Stage.Reset));
    }
}
