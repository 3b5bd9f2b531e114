namespace Pepper.Resources.Tests.Stress;

/// <summary>What callers were told, each exactly once.</summary>
internal sealed class SoakCounts
{
    internal long Asked;
    internal long Served;
    internal long Refused;
    internal long TimedOut;
    internal long Shed;
    internal long QueueFull;
    internal long Canceled;
    internal long CanceledWhileBlocking;
    internal long CreateFailed;

    internal long CircuitOpen;
    internal long DoubleReturns;
    internal long StaleUses;
    internal long Operations;

    /// <summary>How often somebody was told something.</summary>
    internal long Told => Served + Refused + TimedOut + Shed + QueueFull + Canceled + CanceledWhileBlocking + CreateFailed
        + CircuitOpen;

    internal void Add(SoakCounts other)
    {
        Asked += other.Asked;
        Served += other.Served;
        Refused += other.Refused;
        TimedOut += other.TimedOut;
        CircuitOpen += other.CircuitOpen;
        Shed += other.Shed;
        QueueFull += other.QueueFull;
        Canceled += other.Canceled;
        CanceledWhileBlocking += other.CanceledWhileBlocking;
        CreateFailed += other.CreateFailed;
        DoubleReturns += other.DoubleReturns;
        StaleUses += other.StaleUses;
        Operations += other.Operations;
    }
}
