using Pepper.Resources;
using Pepper.Resources.Polly;
using Pepper.Resources.Pooling;
using Pepper.Resources.Recovery;
using Polly;
using Polly.Hedging;
using Polly.Retry;

namespace Pepper.IntegrationTests.Polly;

/// <summary>Polly's pipelines around the creations of a pool: what the pool does not get its factory destroys, once.</summary>
public sealed class ResilientFactoryTests : PollyTest
{
    private static ValueTask At(int number, params ValueTask[] stages) => stages[number - 1];

    private static ResourcePoolOptions OneThing() => new() { Name = "things", MaxSize = 1, Validation = ValidationMode.OnBorrow };

    [Fact]
    public async Task Acquire_CreationFailsTwice_ThePipelineRepeatsIt()
    {
        var factory = new ThingFactory(static (number, _) => number < 3 ? throw new IOException() : default)
        {
            Hooks = FactoryHooks.All,
        };
        var pipeline = Build(static builder => builder.AddBudgetedRetry(new RetryOptions { InitialDelay = TimeSpan.Zero }));
        await using var pool = new ResourcePool<PooledThing>(factory.WithResilience(pipeline), OneThing(), Time);
        await using (var lease = await pool.AcquireAsync().AsTask().WaitAsync(Guard))
        {
            Assert.Equal(3, lease.Resource.Number);
        }

        await using var again = await pool.AcquireAsync();
        Assert.True(factory.Validated > 0 && factory.Reset > 0);
        Assert.Empty(factory.Destroyed);
    }

    [Fact]
    public async Task Acquire_CreateTimeout_CancelsThePipelineAndTheFactory()
    {
        var token = new TaskCompletionSource<CancellationToken>();
        var factory = new ThingFactory(async (_, cancelled) =>
        {
            token.SetResult(cancelled);
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancelled);
        });
        var pipeline = Build(static builder => builder.AddBudgetedRetry(new RetryOptions()));
        var options = OneThing();
        options.CreateTimeout = Seconds(3);
        await using var pool = new ResourcePool<PooledThing>(factory.WithResilience(pipeline), options, Time);
        var pending = pool.AcquireAsync().AsTask();
        var seen = await token.Task.WaitAsync(Guard);
        Time.Advance(Seconds(3));
        await Assert.ThrowsAnyAsync<ResourceException>(() => pending.WaitAsync(Guard));
        Assert.True(seen.IsCancellationRequested);
        Assert.Equal(1, factory.Begun);
    }

    [Fact]
    public async Task Acquire_HedgedCreation_TheLoserIsDestroyedByTheFactory()
    {
        var first = new TaskCompletionSource();
        var factory = new ThingFactory((number, _) => At(number, new ValueTask(first.Task), default));
        var pipeline = Build<PooledThing>(static builder => builder.AddHedging(new HedgingStrategyOptions<PooledThing>
        {
            Delay = TimeSpan.Zero,
            MaxHedgedAttempts = 1,
        }));
        await using var pool = new ResourcePool<PooledThing>(factory.WithResilience(pipeline), OneThing(), Time);
        var pending = pool.AcquireAsync().AsTask();
        await HoldsAsync(() => factory.Made.Count == 1);

        // Polly waits for a loser that ignores its token before it hands out the winner.
        first.SetResult();
        await using var lease = await pending.WaitAsync(Guard);

        // Nearly always it is the second; when the first ends before Polly has noticed that, it may be that one.
        var loser = 3 - lease.Resource.Number;
        await HoldsAsync(() => factory.Destroyed.Count == 1);
        Assert.Equal([(loser, DestroyReason.TooLate)], factory.Destroyed);
        Assert.Equal(0, lease.Resource.Disposed);
    }

    [Fact]
    public async Task Acquire_AttemptIsAbandonedAndEndsAfterThePipeline_ItsProductIsDestroyedByTheFactory()
    {
        var first = new TaskCompletionSource();
        var factory = new ThingFactory((number, _) => At(number, new ValueTask(first.Task), default));
        var pipeline = Build(static builder => builder
            .AddBudgetedRetry(new RetryOptions { InitialDelay = TimeSpan.Zero })
            .AddBoundedTimeout(new TimeoutOptions { Timeout = TimeSpan.FromSeconds(2) }));
        await using var pool = new ResourcePool<PooledThing>(factory.WithResilience(pipeline), OneThing(), Time);
        var pending = pool.AcquireAsync().AsTask();
        await HoldsAsync(() => factory.Begun == 1);
        Time.Advance(Seconds(2));
        await using var lease = await pending.WaitAsync(Guard);
        Assert.Equal(2, lease.Resource.Number);
        Assert.Empty(factory.Destroyed);

        first.SetResult();
        await HoldsAsync(() => factory.Destroyed.Count == 1);
        Assert.Equal([(1, DestroyReason.TooLate)], factory.Destroyed);
        Assert.Equal((0, 0), (factory.Made[0].Disposed, factory.Made[1].Disposed));
    }

    [Fact]
    public async Task Acquire_PipelineDiscardsAProduct_TheFactoryDestroysIt()
    {
        var factory = new ThingFactory(static (_, _) => default);
        var pipeline = Build<PooledThing>(static builder => builder.AddRetry(new RetryStrategyOptions<PooledThing>
        {
            Delay = TimeSpan.Zero,
            ShouldHandle = new PredicateBuilder<PooledThing>().HandleResult(static thing => thing.Number == 1),
        }));
        await using var pool = new ResourcePool<PooledThing>(factory.WithResilience(pipeline), OneThing(), Time);
        await using var lease = await pool.AcquireAsync().AsTask().WaitAsync(Guard);
        Assert.Equal((2, 0), (lease.Resource.Number, lease.Resource.Disposed));
        await HoldsAsync(() => factory.Destroyed.Count == 1);
        Assert.Equal((1, DestroyReason.TooLate), factory.Destroyed[0]);
    }

    [Fact]
    public async Task Acquire_BlockingPool_GoesThroughThePipelineToo()
    {
        var attempts = 0;
        var factory = ResourceFactory.CreateSync(() => ++attempts < 3 ? throw new IOException() : new PooledThing(attempts));
        var pipeline = new ResiliencePipelineBuilder()
            .AddBudgetedRetry(new RetryOptions { InitialDelay = TimeSpan.Zero }).Build();
        await using var pool = new ResourcePool<PooledThing>(factory.WithResilience(pipeline), OneThing());
        using (var lease = pool.Acquire(Guard))
        {
            Assert.Equal(3, lease.Resource.Number);
        }

        var typed = new ResiliencePipelineBuilder<PooledThing>().AddBudgetedRetry(new RetryOptions()).Build();
        Assert.IsAssignableFrom<ISyncResourceFactory<PooledThing>>(factory.WithResilience(typed));
        var other = new ThingFactory(static (_, _) => default);
        Assert.False(other.WithResilience(pipeline) is ISyncResourceFactory<PooledThing>);
    }

    [Fact]
    public async Task Acquire_CreationKeepsFailing_ThePoolTellsItsCaller()
    {
        var factory = new ThingFactory(static (_, _) => throw new IOException("down"));
        var pipeline = Build(static builder => builder.AddBudgetedRetry(
            new RetryOptions { MaxAttempts = 2, InitialDelay = TimeSpan.Zero }));
        await using var pool = new ResourcePool<PooledThing>(factory.WithResilience(pipeline), OneThing(), Time);
        var thrown = await Assert.ThrowsAsync<ResourceInitializationException>(
            () => pool.AcquireAsync().AsTask().WaitAsync(Guard));
        Assert.Equal("down", Assert.IsType<IOException>(thrown.InnerException).Message);
        Assert.Equal(2, factory.Begun);
    }
}
