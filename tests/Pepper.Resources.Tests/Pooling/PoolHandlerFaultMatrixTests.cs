using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Pooling;

/// <summary>
/// A user's event handler, behaving in every way, while every thing happens to a caller that waits. In each cell the pool behaves
/// as if there were no handler: one outcome, whatever the handler does; afterwards nothing is lost, and nobody has waited for it.
/// </summary>
public sealed class PoolHandlerFaultMatrixTests : PoolTestBase, IDisposable
{
    private static readonly TimeSpan CallerTimeout = TimeSpan.FromSeconds(20);

    private readonly EventRecorder _events = new();
    private readonly ManualResetEventSlim _gate = new();
    private readonly TaskCompletionSource _isIn = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Dispose() => _gate.Dispose();

    public static TheoryData<Behaviour, Happening> Cells()
    {
        var cells = new TheoryData<Behaviour, Happening>();
        foreach (var behaviour in Enum.GetValues<Behaviour>())
        {
            foreach (var happening in Enum.GetValues<Happening>())
            {
                cells.Add(behaviour, happening);
            }
        }

        return cells;
    }

    [Theory]
    [MemberData(nameof(Cells))]
    public async Task Acquire_AnyHandler_HasTheOutcomeOfNoHandler(Behaviour behaviour, Happening happening)
    {
        var pool = NewPool(options => (options.MaxSize, options.AcquireTimeout) = (1, CallerTimeout));
        using var subscription = pool.Subscribe(one => Handle(one, behaviour));
        try
        {
            await RunAsync(pool, behaviour, happening, subscription);
        }
        finally
        {
            _gate.Set();
        }
    }

    private async Task RunAsync(
        ResourcePool<TestResource> pool, Behaviour behaviour, Happening happening, IDisposable subscription)
    {
        using var cancellation = new CancellationTokenSource();
        var first = await Lend(pool);
        await _isIn.Task.WaitAsync(Guard, Stop);
        if (behaviour == Behaviour.IgnoresCancellation)
        {
            // What cancels a handler is the end of its subscription; a call that is under way may go on.
            subscription.Dispose();
        }

        var caller = Ask(pool, happening == Happening.TimesOut ? null : Timeout.InfiniteTimeSpan, cancellation.Token);
        var disposal = await HappenAsync(pool, happening, cancellation);
        if (happening is Happening.Waits or Happening.Invalidated)
        {
            first.Dispose();
        }

        Assert.Equal(Expected(happening), await PoolFaultMatrixTests.OutcomeOf(caller).WaitAsync(Guard, Stop));
        if (disposal is not null)
        {
            await disposal.WaitAsync(Guard, Stop);
        }

        first.Dispose();
        if (disposal is null)
        {
            await AssertNoPlaceLost(pool).WaitAsync(Guard, Stop);
            await pool.DisposeAsync().AsTask().WaitAsync(Guard, Stop);
        }

        Assert.Equal(0, pool.Statistics.Waiting);
        await AssertAllDestroyedOnce(Factory);
        await Until(() => pool.Statistics.Size == 0, "every place is free");
        await AssertTold(behaviour, happening);
    }

    /// <summary>
    /// Who hangs has got the first event and no other; all others get everything, in order, whatever they did before.
    /// </summary>
    private async Task AssertTold(Behaviour behaviour, Happening happening)
    {
        if (behaviour is Behaviour.Slow or Behaviour.NeverEnds or Behaviour.IgnoresCancellation)
        {
            Assert.Equal([PoolEventKind.Created], _events.Kinds);
        }

        if (behaviour is Behaviour.NeverEnds or Behaviour.IgnoresCancellation)
        {
            return;
        }

        _gate.Set();
        await _events.UntilSeen(PoolEventKind.Disposed);
        Assert.Equal(Told(happening), _events.Kinds);
        if (behaviour == Behaviour.ThrowsSync)
        {
            await Until(() => Log.Count(1120) == _events.Seen.Count, "each failure is logged");
        }
    }

    private void Handle(PoolEvent one, Behaviour behaviour)
    {
        _events.Handle(one);
        _isIn.TrySetResult();
        switch (behaviour)
        {
            case Behaviour.ThrowsSync:
                throw new InvalidOperationException("The handler failed at once.");
            case Behaviour.ThrowsAsync:
                _ = Task.Run(static () => throw new InvalidOperationException("The handler failed later."), Stop);
                break;
            case Behaviour.Slow or Behaviour.NeverEnds or Behaviour.IgnoresCancellation:
                _gate.Wait(Stop);
                break;
        }
    }

    private async Task<Task?> HappenAsync(
        ResourcePool<TestResource> pool, Happening happening, CancellationTokenSource cancellation)
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
                return pool.DisposeAsync().AsTask();
            case Happening.Resized:
                pool.Resize(0, 2);
                break;
            case Happening.Invalidated:
                pool.Invalidate();
                break;
        }

        return null;
    }

    private static string Expected(Happening happening) => happening switch
    {
        Happening.Cancels => "canceled",
        Happening.TimesOut => "exhausted",
        Happening.PoolDisposed => "disposed",
        _ => "lease",
    };

    private static PoolEventKind[] Told(Happening happening) => happening switch
    {
        Happening.TimesOut =>
            [PoolEventKind.Created, PoolEventKind.Exhausted, PoolEventKind.Destroyed, PoolEventKind.Disposed],

        // What is lent is not waited for, and its end comes after the last event.
        Happening.PoolDisposed => [PoolEventKind.Created, PoolEventKind.Disposed],
        Happening.Resized =>
            [
                PoolEventKind.Created, PoolEventKind.Resized, PoolEventKind.Created, PoolEventKind.Destroyed,
                PoolEventKind.Destroyed, PoolEventKind.Disposed,
            ],
        Happening.Invalidated =>
            [
                PoolEventKind.Created, PoolEventKind.GenerationBegun, PoolEventKind.Destroyed, PoolEventKind.Created,
                PoolEventKind.Destroyed, PoolEventKind.Disposed,
            ],
        _ => [PoolEventKind.Created, PoolEventKind.Destroyed, PoolEventKind.Disposed],
    };
}
