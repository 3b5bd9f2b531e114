namespace Pepper.Resources.Tests.Interleaving;

/// <summary>What comes back, once or twice, in good order or not.</summary>
internal static class ReturnScenarios
{
    internal static IEnumerable<PoolScenario> All =>
    [
        TwoReturns(isTracked: false), TwoReturns(isTracked: true), InvalidLease, Detached, Worn,
    ];

    // Copies of one lease are disposed by several, at any time: the next loan is none of their business.
    private static PoolScenario TwoReturns(bool isTracked) => new(isTracked ? "TwoTrackedReturns" : "TwoReturns", 1, script =>
    {
        var loan = script.Acquire()!;
        script.Actor("holder", loan.Return);
        script.Actor("copy 0", loan.ReturnCopyWhenReturned);
        script.Actor("copy 1", loan.ReturnCopyWhenReturned);
        script.Actor("user", () => script.UseOften(2));
        script.Actor("trier", () => script.TryOften(1));
    })
    {
        Configure = options => options.LeakThreshold = isTracked ? TimeSpan.FromHours(1) : null,
        IsTracked = isTracked,
    };

    private static PoolScenario InvalidLease => new(nameof(InvalidLease), 1, script =>
    {
        var loan = script.Acquire()!;
        script.Actor("invalidator", loan.Invalidate);
        script.Actor("holder", loan.Return);
        script.Actor("user 0", () => script.UseOften(1));
        script.Actor("user 1", () => script.UseOften(1));
    })
    {
        Prepare = static factory => factory.IsSlow = true,
    };

    private static PoolScenario Detached => new(nameof(Detached), 2, script =>
    {
        var loan = script.Acquire()!;
        var other = script.Acquire()!;
        script.Actor("detacher", loan.Detach);
        script.Actor("holder", other.Return);
        script.Actor("user 0", () => script.UseOften(1));
        script.Actor("user 1", () => script.UseOften(1));
    });

    // Each resource is used twice and then destroyed.
    private static PoolScenario Worn => new(nameof(Worn), 1, script =>
    {
        script.Actor("user 0", () => script.UseOften(2));
        script.Actor("user 1", () => script.UseOften(2));
        script.Actor("trier", () => script.TryOften(1));
    })
    {
        Configure = static options => options.MaxUses = 2,
        Prepare = static factory => factory.IsSlow = true,
    };
}
