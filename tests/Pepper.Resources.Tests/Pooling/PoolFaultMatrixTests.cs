using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Pooling;

/// <summary>What happens to a caller while a stage is under way.</summary>
public enum Happening
{
    Waits,
    Cancels,
    TimesOut,
    PoolDisposed,
    Resized,
    Invalidated,
}

/// <summary>
/// Every stage, behaving in every way, while every thing happens to the caller that depends on it. In each cell the caller gets
/// exactly one outcome, of those that the cell allows; afterwards everything that was made is destroyed exactly once, and no
/// place is lost. All of that is so too while a handler of the pool's events hangs; the matrix of handlers themselves is in
/// <see cref="PoolHandlerFaultMatrixTests"/>.
/// </summary>
public sealed class PoolFaultMatrixTests : PoolTestBase
{
    private static readonly TimeSpan CallerTimeout = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan StageTimeout = TimeSpan.FromSeconds(60);

    public static TheoryData<Stage, Behaviour, Happening> Cells()
    {
        var cells = new TheoryData<Stage, Behaviour, Happening>();
        foreach (var stage in Enum.GetValues<Stage>())
        {
            foreach (var behaviour in Enum.GetValues<Behaviour>())
            {
                foreach (var happening in Enum.GetValues<Happening>())
                {
                    cells.Add(stage, behaviour, happening);
                }
            }
        }

        return cells;
    }

    [Theory]
    [MemberData(nameof(Cells))]
    public Task Acquire_AnyFault_HasOneOutcomeAndLosesNothing(Stage stage, Behaviour behaviour, Happening happening) =>
        RunAsync(stage, behaviour, happening, handler: null);

    [Theory]
    [MemberData(nameof(Cells))]
    public async Task Acquire_AnyFaultWhileAHandlerNeverEnds_IsTheSame(Stage stage, Behaviour behaviour, Happening happening)
    {
        using var end = new ManualResetEventSlim();
        try
        {
            await RunAsync(stage, behaviour, happening, _ => end.Wait(Stop));
        }
        finally
        {
            end.Set();
        }
    }

    private async Task RunAsync(Stage stage, Behaviour behaviour, Happening happening, Action<PoolEvent>? handler)
    {
        var factory = new TestFactory { Hooks = HooksFor(stage) };
        var pool = NewPool(Configure, factory);
        using var subscription = handler is null ? null : pool.Subscribe(handler);
        using var cancellation = new CancellationTokenSource();
        var caller = await BringIntoStage(pool, factory, stage, behaviour, happening, cancellation.Token);
        Task? disposal = null;
        await Happen();

        await LetTheCallerEnd(caller, factory, stage, behaviour, happening);
        factory.Heal(stage);
        var outcome = await OutcomeOf(caller).WaitAsync(Guard, Stop);
        Assert.Contains(outcome, Allowed(stage, behaviour, happening));

        factory.Open(stage);
        await Heal(pool, happening, disposal);
        Assert.Equal(0, pool.Statistics.Waiting);
        await AssertAllDestroyedOnce(factory);
        await Until(() => pool.Statistics.Size == 0, "every place is free");
        var isAbandoned = stage == Stage.Destroy ? Hangs(behaviour)
            : stage == Stage.Create && behaviour == Behaviour.IgnoresCancellation;
        if (!isAbandoned)
        {
            // Only what was abandoned may be there besides, if only until it has heard of its cancellation.
            Assert.InRange(factory.MaxLive, 1, 2);
        }

        async Task Happen()
        {
            switch (happening)
            {
                case Happening.Cancels:
                    await cancellation.CancelAsync();
                    break;
                case Happening.TimesOut:
                    Time.Advance(CallerTimeout);
                    break;
                case Happening.PoolDisposed:
                    disposal = pool.DisposeAsync().AsTask();
                    break;
                case Happening.Resized:
                    pool.Resize(0, 2);
                    break;
                case Happening.Invalidated:
                    pool.Invalidate();
                    break;
            }
        }
    }

    private static FactoryHooks HooksFor(Stage stage) => stage switch
    {
        Stage.Validate => FactoryHooks.Validate,
        Stage.Reset => FactoryHooks.Reset,
        _ => FactoryHooks.None,
    };

    private static void Configure(ResourcePoolOptions options)
    {
        options.MaxSize = 1;
        options.AcquireTimeout = CallerTimeout;
        options.CreateTimeout = options.ValidateTimeout = options.ResetTimeout = options.DestroyTimeout = StageTimeout;
    }

    private static bool Hangs(Behaviour behaviour) =>
        behaviour is Behaviour.Slow or Behaviour.NeverEnds or Behaviour.IgnoresCancellation;

    /// <summary>Starts a caller whose resource is in the stage, or, where the stage ends at once, has gone through it.</summary>
    private static async Task<Task<Lease<TestResource>>> BringIntoStage(
        ResourcePool<TestResource> pool,
        TestFactory factory,
        Stage stage,
        Behaviour behaviour,
        Happening happening,
        CancellationToken token)
    {
        TimeSpan? timeout = happening == Happening.TimesOut ? null : Timeout.InfiniteTimeSpan;
        Task<Lease<TestResource>> caller;
        if (stage == Stage.Create)
        {
            factory.Set(stage, behaviour);
            caller = Ask(pool, timeout, token);
        }
        else
        {
            var first = await Lend(pool);
            if (stage == Stage.Validate)
            {
                await first.DisposeAsync();
                factory.Set(stage, behaviour);
                caller = Ask(pool, timeout, token);
            }
            else
            {
                factory.Set(stage, behaviour);
                caller = Ask(pool, timeout, token);
                if (stage == Stage.Destroy)
                {
                    first.Invalidate();
                }

                first.Dispose();
            }
        }

        await Until(() => factory.Calls(stage) > 0 || caller.IsCompleted, "the stage begins");
        return caller;
    }

    /// <summary>Opens the gate of what is slow, and lets the stage's own limit pass for what does not end by itself.</summary>
    private async Task LetTheCallerEnd(
        Task<Lease<TestResource>> caller, TestFactory factory, Stage stage, Behaviour behaviour, Happening happening)
    {
        if (happening is Happening.Cancels or Happening.TimesOut or Happening.PoolDisposed && Hangs(behaviour))
        {
            // No help from the stage: the caller's own end must be enough.
            await Until(() => caller.IsCompleted, "the caller is told");
            return;
        }

        if (behaviour == Behaviour.Slow)
        {
            factory.Open(stage);
        }

        if (Hangs(behaviour))
        {
            await PassTimeUntil(() => caller.IsCompleted, TimeSpan.FromSeconds(10));
        }

        await Until(() => caller.IsCompleted, "the caller gets an answer");
    }

    internal static async Task<string> OutcomeOf(Task<Lease<TestResource>> caller)
    {
        try
        {
            var lease = await caller;
            lease.Resource.Enter();
            lease.Resource.Leave();
            await lease.DisposeAsync();
            Assert.True(lease.IsStale);
            return "lease";
        }
        catch (ResourceTimeoutException failure)
        {
            return failure is PoolExhaustedException ? "exhausted" : "timeout";
        }
        catch (ResourceInitializationException)
        {
            return "failed";
        }
        catch (OperationCanceledException)
        {
            return "canceled";
        }
        catch (ObjectDisposedException)
        {
            return "disposed";
        }
    }

    /// <summary>The one outcome; several only where the event races with a stage that ends by itself.</summary>
    private static string[] Allowed(Stage stage, Behaviour behaviour, Happening happening)
    {
        string[] undisturbed = stage != Stage.Create ? ["lease"]
            : behaviour switch
            {
                Behaviour.ThrowsSync or Behaviour.ThrowsAsync => ["failed"],
                Behaviour.NeverEnds or Behaviour.IgnoresCancellation => ["timeout"],
                _ => ["lease"],
            };
        var mayHaveEnded = Hangs(behaviour) ? [] : undisturbed;
        return happening switch
        {
            Happening.Cancels => ["canceled", .. mayHaveEnded],

            // Where the stage has ended, a replacement may be being created.
            Happening.TimesOut => Hangs(behaviour)
                ? [stage == Stage.Create ? "timeout" : "exhausted"]
                : ["timeout", "exhausted", .. mayHaveEnded],
            Happening.PoolDisposed => ["disposed", .. mayHaveEnded],
            _ => undisturbed,
        };
    }

    private async Task Heal(ResourcePool<TestResource> pool, Happening happening, Task? disposal)
    {
        if (happening != Happening.PoolDisposed)
        {
            var places = Task.Run(() => AssertNoPlaceLost(pool), Stop);
            await PassTimeUntil(() => places.IsCompleted);
            await places.WaitAsync(Guard, Stop);
        }

        disposal ??= pool.DisposeAsync().AsTask();
        await PassTimeUntil(() => disposal.IsCompleted, TimeSpan.FromSeconds(10));
        await disposal.WaitAsync(Guard, Stop);
    }
}
