namespace Pepper.Resources.Recovery;

/// <summary>
/// The time between two transitions of a circuit. Each call remembers in which it began, and what it comes to counts in that
/// phase alone: a result from before a transition never counts after it.
/// </summary>
/// <param name="state">What the circuit does with calls in this phase.</param>
/// <param name="number">Which phase it is: each has a higher number than the one before.</param>
internal sealed class CircuitPhase(CircuitState state, long number)
{
    private const long Free = long.MaxValue;
    private const long GivenUp = long.MaxValue - 1;

    private int _failuresInARow;
    private long _until;

    internal CircuitState State => state;

    internal long Number => number;

    /// <summary>Set when the breaker is disposed: calls are refused for good.</summary>
    internal bool IsEnd { get; init; }

    /// <summary>Of an open or half-open phase: how many breaks there have been since the circuit was last closed.</summary>
    internal int BreaksInARow { get; init; }

    /// <summary>Of an open phase: how long the break is.</summary>
    internal TimeSpan Break { get; init; }

    /// <summary>Of an open phase: since when the break has lasted.</summary>
    internal long Since { get; init; }

    /// <summary>Of an open phase: when it is over. Written under the breaker's lock, read without it.</summary>
    internal long Until
    {
        get => Volatile.Read(ref _until);
        set => Volatile.Write(ref _until, value);
    }

    /// <summary>Of an open phase: whether it was made shorter. The breaker's lock protects it.</summary>
    internal bool IsHastened { get; set; }

    /// <summary>What the circuit was opened by, if it was by a failure.</summary>
    internal Exception? Cause { get; init; }

    /// <summary>Of an open or isolated phase: why, in words.</summary>
    internal string? Reason { get; init; }

    /// <summary>Of a closed phase, when ratios are watched. The breaker's lock protects it.</summary>
    internal CircuitWindow? Window { get; set; }

    /// <summary>Of a half-open phase: when each trial that is under way is given up. The breaker's lock protects it.</summary>
    internal long[] Trials { get; init; } = [];

    /// <summary>Of a half-open phase: how many trials have succeeded. The breaker's lock protects it.</summary>
    internal int Successes { get; set; }

    /// <summary>Of a closed phase. Written under the breaker's lock, read without it.</summary>
    internal int FailuresInARow
    {
        get => Volatile.Read(ref _failuresInARow);
        set => Volatile.Write(ref _failuresInARow, value);
    }

    internal int TrialsUnderWay => Trials.Count(static trial => trial < GivenUp);

    /// <summary>When the first trial is given up; <see cref="long.MaxValue"/> when none is under way.</summary>
    internal long EarliestDeadline
    {
        get
        {
            var earliest = Trials.Length == 0 ? Free : Trials.Min();
            return earliest < GivenUp ? earliest : Free;
        }
    }

    internal static long[] NewTrials(int count)
    {
        var trials = new long[count];
        Array.Fill(trials, Free);
        return trials;
    }

    /// <summary>The number of the place that the trial takes; -1 when there is none.</summary>
    internal int TakeTrial(long deadline)
    {
        if (Successes + TrialsUnderWay >= Trials.Length)
        {
            return -1;
        }

        var place = Array.IndexOf(Trials, Free);
        Trials[place] = deadline;
        return place;
    }

    internal void FreeTrial(int place) => Trials[place] = Free;

    internal bool IsGivenUp(int place) => place >= 0 && Trials[place] == GivenUp;

    /// <summary>Gives up the trials whose time is over; how many there were.</summary>
    internal int GiveUpTrials(long now)
    {
        var count = 0;
        foreach (ref var deadline in Trials.AsSpan())
        {
            if (deadline <= now)
            {
                deadline = GivenUp;
                count++;
            }
        }

        return count;
    }
}
