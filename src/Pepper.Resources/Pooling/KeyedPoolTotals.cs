namespace Pepper.Resources.Pooling;

/// <summary>What pools have counted, added up.</summary>
internal readonly record struct KeyedPoolTotals(
    long Acquired,
    long Waits,
    long Timeouts,
    long Cancellations,
    long Rejections,
    long Created,
    long CreateFailures,
    long Destroyed,
    long Detached,
    long Abandoned,
    long Leaks,
    long Shed)
{
    internal KeyedPoolTotals Plus(PoolStatistics one) => new(
        Acquired + one.Acquired,
        Waits + one.Waits,
        Timeouts + one.Timeouts,
        Cancellations + one.Cancellations,
        Rejections + one.Rejections,
        Created + one.Created,
        CreateFailures + one.CreateFailures,
        Destroyed + one.Destroyed,
        Detached + one.Detached,
        Abandoned + one.Abandoned,
        Leaks + one.Leaks,
        Shed + one.Shed);
}
