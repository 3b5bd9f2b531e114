using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Interleaving;

/// <summary>Pools under one budget: what one of them has idle is what another starves for.</summary>
internal static class SharedScenarios
{
    internal static IEnumerable<PoolScenario> All =>
    [
        Starving(isSlow: false), Starving(isSlow: true), IdleBesideStarving, TwoEach(isTracked: false),
        TwoEach(isTracked: true), DrainedWhileStarving,
    ];

    private static PoolScenario Starving(bool isSlow) => new(isSlow ? "SlowStarving" : nameof(Starving), 1, script =>
    {
        var loan = script.Acquire()!;
        script.Actor("holder", loan.Return);
        script.Actor("one's own", () => script.UseOften(1));
        script.Actor("starving", () => script.UseOften(1, script.OtherPool));
    })
    {
        Pools = 2,
        MaxTotal = 1,
        Prepare = factory => factory.IsSlow = isSlow,
    };

    // The plain return, and the one who joins the line at the same moment.
    private static PoolScenario IdleBesideStarving => new(nameof(IdleBesideStarving), 1, script =>
    {
        var loan = script.Acquire()!;
        script.Actor("holder", loan.Return);
        script.Actor("starving", () => script.UseOften(1, script.OtherPool));
    })
    {
        Pools = 2,
        MaxTotal = 1,
    };

    private static PoolScenario TwoEach(bool isTracked) => new(isTracked ? "TwoTrackedEach" : "TwoEach", 2, script =>
    {
        var loans = new[] { script.Acquire()!, script.Acquire()! };
        script.Actor("holder 0", loans[0].Return);
        script.Actor("holder 1", loans[1].Return);
        script.Actor("user", () => script.UseOften(2));
        script.Actor("other 0", () => script.UseOften(2, script.OtherPool));
        script.Actor("other 1", () => script.UseOften(1, script.OtherPool));
    })
    {
        Pools = 2,
        MaxTotal = 2,
        Configure = options => options.LeakThreshold = isTracked ? TimeSpan.FromHours(1) : null,
    };

    // The last who waits in a pool without any resource gives up: its drain has ended then, and nothing else says so.
    private static PoolScenario DrainedWhileStarving => new(nameof(DrainedWhileStarving), 1, script =>
    {
        var loan = script.Acquire()!;
        var source = new CancellationTokenSource();
        var isDrained = false;
        script.Actor("starving", () => script.Acquire(script.OtherPool, cancellationToken: source.Token)?.Return());
        script.Actor("canceller", () => script.Schedule.Do("cancel", source.Cancel));
        script.Actor("drainer", () =>
        {
            script.AwaitEnd("drain", () => script.OtherPool.DrainAsync(CancellationToken.None));
            isDrained = true;
        });
        script.Actor("holder", () =>
        {
            script.Schedule.WaitUntil(() => isDrained);
            loan.Return();
        });
    })
    {
        Pools = 2,
        MaxTotal = 1,
    };
}
