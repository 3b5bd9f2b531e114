namespace Pepper.Resources.Policies;

/// <summary>What was seen of a pool over some time.</summary>
public readonly record struct PoolObservation
{
    /// <summary>For how long it was looked at.</summary>
    public TimeSpan Interval { get; init; }

    /// <summary>The smallest size it was set to.</summary>
    public int MinSize { get; init; }

    /// <summary>The largest size it was set to.</summary>
    public int MaxSize { get; init; }

    /// <summary>How many loans were asked for.</summary>
    public long Acquires { get; init; }

    /// <summary>How many of them had to wait.</summary>
    public long Waited { get; init; }

    /// <summary>How long all of them waited together.</summary>
    public TimeSpan WaitTime { get; init; }

    /// <summary>How many gave up waiting at their deadline.</summary>
    public long TimedOut { get; init; }

    /// <summary>How many resources were lent, on average over the time.</summary>
    public double MeanInUse { get; init; }

    /// <summary>How many resources were lent at most at one time.</summary>
    public int PeakInUse { get; init; }

    /// <summary>How many resources lay idle at least at any time.</summary>
    public int LeastIdle { get; init; }
}
