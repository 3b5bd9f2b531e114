using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Pooling;

public sealed class PoolValidateTests : PoolTestBase
{
    public PoolValidateTests() => Factory = new TestFactory { Hooks = FactoryHooks.Validate };

    [Fact]
    public async Task Borrow_ValidationEndsAtOnce_StaysOnTheCaller()
    {
        await using var pool = NewPool();
        await (await Lend(pool)).DisposeAsync();
        var thread = 0;
        Factory.IsFit = _ => (thread = Environment.CurrentManagedThreadId) != 0;

        var asked = pool.AcquireAsync(CancellationToken.None);

        Assert.True(asked.IsCompletedSuccessfully);
        Assert.Equal(Environment.CurrentManagedThreadId, thread);
        (await asked).Dispose();
    }

    [Fact]
    public async Task Borrow_NewResource_IsNotValidated()
    {
        await using var pool = NewPool();

        _ = await Lend(pool);

        Assert.Equal(0, Factory.Calls(Stage.Validate));
    }

    [Fact]
    public async Task Borrow_Unfit_IsDestroyedAndReplaced()
    {
        await using var pool = NewPool();
        var first = await Lend(pool);
        var unfit = first.Resource;
        await first.DisposeAsync();
        Factory.IsFit = resource => resource != unfit;

        var lease = await Lend(pool);

        Assert.NotSame(unfit, lease.Resource);
        await Until(() => unfit.Destroyed == 1);
        Assert.Equal(DestroyReason.ValidationFailed, unfit.Reason);
    }

    [Fact]
    public async Task Borrow_OneIsUnfit_TriesTheNextIdleOne()
    {
        await using var pool = NewPool();
        var leases = await Lend(pool, 2);
        var resources = leases.Select(lease => lease.Resource).ToArray();
        foreach (var lease in leases)
        {
            await lease.DisposeAsync();
        }

        var refused = 0;
        Factory.IsFit = _ => Interlocked.Increment(ref refused) > 1;
        Assert.True(pool.TryAcquire(out var good));

        Assert.Contains(good.Resource, resources);
        Assert.Equal(2, refused);
    }

    [Theory]
    [InlineData(Behaviour.ThrowsSync)]
    [InlineData(Behaviour.ThrowsAsync)]
    public async Task Borrow_ValidationThrows_CountsAsUnfit(Behaviour behaviour)
    {
        await using var pool = NewPool();
        await (await Lend(pool)).DisposeAsync();
        Factory.Set(Stage.Validate, behaviour);

        _ = await Lend(pool);

        Assert.Equal(2, Factory.Created);
        await Until(() => Factory.Destroyed == 1);
    }

    [Fact]
    public async Task Borrow_ValidationGoesOn_ItsProductGoesToWhoeverWaitsLongest()
    {
        await using var pool = NewPool(options => options.MaxSize = 1);
        await (await Lend(pool)).DisposeAsync();
        Factory.Set(Stage.Validate, Behaviour.Slow);
        using var cancellation = new CancellationTokenSource();
        var first = Ask(pool, null, cancellation.Token);
        var second = Ask(pool);
        var third = Ask(pool);

        await cancellation.CancelAsync();
        Factory.Open(Stage.Validate);

        var lease = await second.WaitAsync(Guard, Stop);
        Assert.False(third.IsCompleted);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        lease.Dispose();
        (await third.WaitAsync(Guard, Stop)).Dispose();
    }

    [Fact]
    public async Task Borrow_ValidationNeverEnds_IsAbandonedAtItsTimeout()
    {
        await using var pool = NewPool(options => (options.MaxSize, options.ValidateTimeout) = (1, TimeSpan.FromSeconds(3)));
        await (await Lend(pool)).DisposeAsync();
        Factory.Set(Stage.Validate, Behaviour.IgnoresCancellation);
        var caller = Ask(pool);

        Time.Advance(TimeSpan.FromSeconds(3));

        Assert.Equal(2, (await caller.WaitAsync(Guard, Stop)).Resource.Id);
        Assert.Equal(1, pool.Statistics.Abandoned);
        Factory.Open(Stage.Validate);
    }

    [Fact]
    public async Task Borrow_UnfitOneAfterTheOther_DoesNotRestartTheDeadline()
    {
        await using var pool = NewPool(options => (options.MaxSize, options.ValidateTimeout) = (4, TimeSpan.FromSeconds(4)));
        foreach (var lease in await Lend(pool, 4))
        {
            await lease.DisposeAsync();
        }

        Factory.Set(Stage.Validate, Behaviour.IgnoresCancellation);
        Factory.Set(Stage.Create, Behaviour.Slow);
        var caller = Ask(pool, TimeSpan.FromSeconds(10));
        Time.Advance(TimeSpan.FromSeconds(4));
        await Until(() => Factory.Calls(Stage.Validate) + Factory.Calls(Stage.Create) > 5);
        Assert.False(caller.IsCompleted);

        Time.Advance(TimeSpan.FromSeconds(6));

        await Assert.ThrowsAnyAsync<ResourceTimeoutException>(() => caller.WaitAsync(Guard, Stop));
        Factory.Open(Stage.Validate);
        Factory.Open(Stage.Create);
    }

    [Fact]
    public async Task ValidateAfterIdle_ShortlyIdle_IsNotValidated()
    {
        await using var pool = NewPool(options => options.ValidateAfterIdle = TimeSpan.FromSeconds(4));
        await (await Lend(pool)).DisposeAsync();
        (await Lend(pool)).Dispose();
        Assert.Equal(0, Factory.Calls(Stage.Validate));

        Time.Advance(TimeSpan.FromSeconds(5));
        (await Lend(pool)).Dispose();

        Assert.Equal(1, Factory.Calls(Stage.Validate));
    }

    [Fact]
    public async Task ValidateAfterIdle_TooShortToBeNoticed_AlwaysValidates()
    {
        await using var pool = NewPool(options => options.ValidateAfterIdle = TimeSpan.FromMilliseconds(1));
        await (await Lend(pool)).DisposeAsync();
        Time.Advance(TimeSpan.FromMilliseconds(5));

        (await Lend(pool)).Dispose();

        Assert.Equal(1, Factory.Calls(Stage.Validate));
    }

    [Fact]
    public async Task Return_NobodyWaits_LeavesValidationToTheNextBorrower()
    {
        await using var pool = NewPool(options => options.LeakThreshold = TimeSpan.FromHours(1));

        await (await Lend(pool)).DisposeAsync();
        Assert.Equal(0, Factory.Calls(Stage.Validate));
        await (await Lend(pool)).DisposeAsync();

        Assert.Equal(1, Factory.Calls(Stage.Validate));
    }

    [Fact]
    public async Task Return_SomebodyWaits_IsValidatedBeforeItIsHandedOver()
    {
        await using var pool = NewPool(options => options.MaxSize = 1);
        var lease = await Lend(pool);
        var unfit = lease.Resource;
        Factory.IsFit = resource => resource != unfit;
        var waiting = Ask(pool);

        lease.Dispose();

        Assert.NotSame(unfit, (await waiting.WaitAsync(Guard, Stop)).Resource);
        Assert.Equal(1, Factory.Calls(Stage.Validate));
    }

    [Fact]
    public async Task OnReturn_Unfit_IsDestroyedThen()
    {
        await using var pool = NewPool(options => options.Validation = ValidationMode.OnReturn);
        Factory.IsFit = _ => false;

        await (await Lend(pool)).DisposeAsync();

        await Until(() => Factory.Destroyed == 1);
        Assert.Equal(DestroyReason.ValidationFailed, Factory.Made.Single().Reason);
    }

    [Fact]
    public async Task Validation_None_AsksNever()
    {
        await using var pool = NewPool(options => options.Validation = ValidationMode.None);
        await (await Lend(pool)).DisposeAsync();
        await (await Lend(pool)).DisposeAsync();

        Assert.Equal(0, Factory.Calls(Stage.Validate));
    }

    [Fact]
    public async Task AlwaysUnfit_ManyCallers_StillGetNewOnes()
    {
        Factory.IsFit = _ => false;
        await using var pool = NewPool();

        await Task.WhenAll(Enumerable.Range(0, 50).Select(async _ => (await Ask(pool)).Dispose())).WaitAsync(Guard, Stop);

        Assert.InRange(Factory.MaxLive, 1, 2);
    }
}
