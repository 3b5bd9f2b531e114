using Pepper.Resources;
using Pepper.Resources.Polly;
using Pepper.Resources.Pooling;
using Pepper.Resources.Recovery;
using Polly;
using Polly.Hedging;
using Polly.Retry;

namespace Pepper.IntegrationTests.Polly;

/// <summary>
/// What Polly does with leases: it disposes each result that it discards. A lease that it discards nobody else has, so that is
/// right; what must not be given to it as a result is a lease that somebody keeps, or the resource without its lease.
/// </summary>
public sealed class LeaseInPipelineTests : PollyTest
{
    private static ResourcePool<PooledThing> NewPool(int size = 2) => new(
        new ThingFactory(static (_, _) => default), new ResourcePoolOptions { Name = "things", MaxSize = size });

    [Fact]
    public async Task Hedging_AroundAcquire_TheWinnersLeaseStaysAndTheLosersGoesBack()
    {
        await using var pool = NewPool();
        var primary = new TaskCompletionSource();
        var calls = 0;
        var pipeline = Build<Lease<PooledThing>>(static builder => builder.AddHedging(
            new HedgingStrategyOptions<Lease<PooledThing>> { Delay = TimeSpan.FromSeconds(1), MaxHedgedAttempts = 1 }));
        var pending = RunAsync(pipeline, async token =>
        {
            if (Interlocked.Increment(ref calls) == 1)
            {
                await primary.Task;
            }

            return await pool.AcquireAsync(token);
        });
        await PassAsync(Seconds(1));
        await HoldsAsync(() => pool.Statistics.InUse == 1);
        Assert.False(pending.IsCompleted);

        // The loser's token was cancelled, so it gets no lease; if it had one already, Polly would give that back.
        primary.SetResult();
        var winner = (await pending).Result;
        await HoldsAsync(() => pool.Statistics.InUse == 1);
        Assert.False(winner.IsStale);
        Assert.Equal(0, winner.Resource.Disposed);
        await winner.DisposeAsync();
        Assert.Equal(0, pool.Statistics.InUse);
    }

    [Fact]
    public async Task Hedging_BothAcquired_ExactlyOneLeaseStays()
    {
        await using var pool = NewPool();
        var gate = new TaskCompletionSource();
        var pipeline = Build<Lease<PooledThing>>(static builder => builder.AddHedging(
            new HedgingStrategyOptions<Lease<PooledThing>> { Delay = TimeSpan.FromSeconds(1), MaxHedgedAttempts = 1 }));
        var pending = RunAsync(pipeline, async token =>
        {
            var lease = await pool.AcquireAsync(token);
            await gate.Task;
            return lease;
        });
        await PassAsync(Seconds(1));
        await HoldsAsync(() => pool.Statistics.InUse == 2);
        gate.SetResult();
        var winner = (await pending).Result;
        await HoldsAsync(() => pool.Statistics.InUse == 1);
        Assert.False(winner.IsStale);
        await winner.DisposeAsync();
    }

    [Fact]
    public async Task Retry_HandlesALease_GivesItBackAsItIsSoTheBrokenThingComesAgain()
    {
        await using var pool = NewPool(size: 1);
        await using (var first = await pool.AcquireAsync())
        {
            first.Resource.IsBroken = true;
        }

        var seen = 0;
        var naive = Build<Lease<PooledThing>>(builder => builder.AddRetry(new RetryStrategyOptions<Lease<PooledThing>>
        {
            Delay = TimeSpan.Zero,
            MaxRetryAttempts = 2,
            ShouldHandle = new PredicateBuilder<Lease<PooledThing>>().HandleResult(lease => ++seen > 0 && lease.Resource.IsBroken),
        }));
        await using (var lease = (await RunAsync(naive, token => pool.AcquireAsync(token))).Result)
        {
            Assert.Equal((3, true, false), (seen, lease.Resource.IsBroken, lease.IsStale));
        }

        // The safe way: what is found broken is invalidated, and goes.
        var safe = Build<Lease<PooledThing>>(static builder => builder.AddRetry(new RetryStrategyOptions<Lease<PooledThing>>
        {
            Delay = TimeSpan.Zero,
            ShouldHandle = new PredicateBuilder<Lease<PooledThing>>().HandleResult(static lease => lease.Resource.IsBroken),
            OnRetry = static args =>
            {
                args.Outcome.Result.Invalidate();
                return default;
            },
        }));
        await using var good = (await RunAsync(safe, token => pool.AcquireAsync(token))).Result;
        Assert.False(good.Resource.IsBroken);
    }

    [Fact]
    public async Task BudgetedRetry_HandlesALease_GivesItBack()
    {
        await using var pool = NewPool();
        var pipeline = Build<Lease<PooledThing>>(static builder => builder.AddBudgetedRetry(
            new RetryOptions { InitialDelay = TimeSpan.Zero },
            static args =>
            {
                var lease = args.Outcome.Result;
                var isHandled = args.Outcome.Exception is null && lease.Resource.Number == 1;
                if (isHandled)
                {
                    lease.Invalidate();
                }

                return ValueTask.FromResult(isHandled);
            }));
        await using var good = (await RunAsync(pipeline, token => pool.AcquireAsync(token))).Result;
        Assert.Equal(2, good.Resource.Number);
        Assert.Equal(1, pool.Statistics.InUse);
    }

    [Fact]
    public async Task Retry_HandlesALeaseThatItsCallerKeeps_ThatIsStaleButNeverAnothersResource()
    {
        // Dangerous: the lease was not acquired inside, so the caller still uses what Polly gives back.
        await using var pool = NewPool(size: 1);
        var kept = await pool.AcquireAsync();
        var attempts = 0;
        var pipeline = Build<Lease<PooledThing>>(builder => builder.AddRetry(new RetryStrategyOptions<Lease<PooledThing>>
        {
            Delay = TimeSpan.Zero,
            ShouldHandle = new PredicateBuilder<Lease<PooledThing>>().HandleResult(_ => ++attempts == 1),
        }));
        await RunAsync(pipeline, _ => new ValueTask<Lease<PooledThing>>(kept));

        Assert.True(kept.IsStale);
        await using var next = await pool.AcquireAsync();
        Assert.Throws<ObjectDisposedException>(() => kept.Resource);
        await kept.DisposeAsync();
        Assert.False(next.IsStale);
    }

    [Fact]
    public async Task Retry_HandlesAResourceWithoutItsLease_DisposesWhatThePoolOwns()
    {
        // Dangerous: Polly disposes the resource itself, which is still lent and then goes back to the pool.
        await using var pool = NewPool(size: 1);
        await using (var lease = await pool.AcquireAsync())
        {
            var attempts = 0;
            var pipeline = Build<PooledThing>(builder => builder.AddRetry(new RetryStrategyOptions<PooledThing>
            {
                Delay = TimeSpan.Zero,
                ShouldHandle = new PredicateBuilder<PooledThing>().HandleResult(_ => ++attempts == 1),
            }));
            await RunAsync(pipeline, _ => new ValueTask<PooledThing>(lease.Resource));
            Assert.Equal((1, false), (lease.Resource.Disposed, lease.IsStale));
        }

        await using var next = await pool.AcquireAsync();
        Assert.Equal(1, next.Resource.Disposed);
    }

    [Fact]
    public async Task Retry_LeaseInsideTheWork_IsGivenBackByTheWorkInEachAttempt()
    {
        await using var pool = NewPool(size: 1);
        var attempts = 0;
        var pipeline = Build(static builder => builder.AddRetry(new RetryStrategyOptions { Delay = TimeSpan.Zero }));
        var outcome = await RunAsync(pipeline, async token =>
        {
            await using var lease = await pool.AcquireAsync(token);
            return ++attempts < 3 ? throw new IOException() : lease.Resource.Number;
        });
        Assert.Equal((1, 0), (outcome.Result, pool.Statistics.InUse));
    }
}
