using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Interleaving;

/// <summary>Where two or more meet at a pool, and the order of their steps matters.</summary>
internal static class PoolScenarios
{
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(5);

    internal static IEnumerable<PoolScenario> All =>
    [
        EmptyAndFull(1), EmptyAndFull(2), Claims, FirstWaiter, Cancellation, Timeouts, LateCancellation, TakenTwice, Priorities,
        .. ReturnScenarios.All, .. ControlScenarios.All, .. StageScenarios.All, .. SharedScenarios.All, .. RecoveryScenarios.All,
    ];

    // The edge of empty and full: claims, plain returns, hand-overs and first waiters.
    private static PoolScenario EmptyAndFull(int size) => new($"{nameof(EmptyAndFull)}{size}", size, script =>
    {
        for (var actor = 0; actor < size + 1; actor++)
        {
            script.Actor($"user {actor}", () => script.UseOften(2));
        }

        script.Actor("trier", () => script.TryOften(2));
    });

    private static PoolScenario Claims => new(nameof(Claims), 2, script =>
    {
        script.UseOften(1);
        script.Actor("trier 0", () => script.TryOften(2));
        script.Actor("trier 1", () => script.TryOften(2));
        script.Actor("user", () => script.UseOften(1));
    });

    private static PoolScenario FirstWaiter => new(nameof(FirstWaiter), 1, script =>
    {
        var loan = script.Acquire()!;
        script.Actor("holder", loan.Return);
        script.Actor("first", () => script.UseOften(1));
        script.Actor("second", () => script.UseOften(1));
        script.Actor("trier", () => script.TryOften(1));
    });

    private static PoolScenario Cancellation => new(nameof(Cancellation), 1, script =>
    {
        var loan = script.Acquire()!;
        var source = new CancellationTokenSource();
        script.Actor("holder", loan.Return);
        script.Actor("canceled", () => script.Acquire(cancellationToken: source.Token)?.Return());
        script.Actor("other", () => script.UseOften(1));
        script.Actor("canceller", () => script.Schedule.Do("cancel", source.Cancel));
    });

    private static PoolScenario Timeouts => new(nameof(Timeouts), 1, script =>
    {
        var loan = script.Acquire()!;
        script.Actor("holder", loan.Return);
        script.Actor("late", () => script.Acquire(timeout: Soon)?.Return());
        script.Actor("later", () => script.Acquire(timeout: 2 * Soon)?.Return());
        script.Actor("at once", () => script.Acquire(timeout: TimeSpan.Zero)?.Return());
        script.Actor("clock", () =>
        {
            script.Advance(Soon);
            script.Advance(2 * Soon);
        });
        script.Actor("patient", () => script.UseOften(1));
    });

    // A waiter that is used again must not be cancelled by the token of its last use. Its second wait begins while the first
    // loan is still out, so it is a wait whoever goes on when.
    private static PoolScenario LateCancellation => new(nameof(LateCancellation), 1, script =>
    {
        var loan = script.Acquire()!;
        var source = new CancellationTokenSource();
        Loan? first = null;
        var isOver = false;
        script.Actor("holder", loan.Return);
        script.Actor("reuser", () =>
        {
            first = script.Acquire(cancellationToken: source.Token);
            isOver = true;
            script.UseOften(1);
        });
        script.Actor("returner", () =>
        {
            script.Schedule.WaitUntil(() => isOver);
            first?.Return();
        });
        script.Actor("canceller", () => script.Schedule.Do("cancel", source.Cancel));
    });

    // What a wait has yielded is taken by one of two who ask for it.
    private static PoolScenario TakenTwice => new(nameof(TakenTwice), 1, script =>
    {
        var loan = script.Acquire()!;
        var task = script.Pool.AcquireAsync(CancellationToken.None);
        loan.Return();
        var taken = new List<Lease<Probe>>();
        for (var taker = 0; taker < 2; taker++)
        {
            script.Actor($"taker {taker}", () =>
            {
                script.Schedule.Do("take the result", () =>
                {
                    try
                    {
                        taken.Add(task.GetAwaiter().GetResult());
                    }
                    catch (InvalidOperationException)
                    {
                        // The other was first.
                    }
                });
                script.UseOften(1);
            });
        }

        script.Actor("returner", () =>
        {
            script.Schedule.WaitUntil(() => taken.Count > 0);
            script.CountAcquired();
            script.Schedule.Do("return what was taken", taken[0].Dispose);
        });
        script.AtEnd = () =>
        {
            if (taken.Count != 1)
            {
                script.Schedule.Fail($"A result was taken {taken.Count} times.");
            }
        };
    });

    private static PoolScenario Priorities => new(nameof(Priorities), 1, script =>
    {
        var loan = script.Acquire()!;
        script.Actor("holder", loan.Return);
        script.Actor("low", () => script.UseOften(1, priority: AcquirePriority.Low));
        script.Actor("normal", () => script.UseOften(2));
        script.Actor("high", () => script.UseOften(1, priority: AcquirePriority.High));
        script.Actor("high too", () => script.UseOften(1, priority: AcquirePriority.High));
    });
}
