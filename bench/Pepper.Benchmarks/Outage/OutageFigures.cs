using System.Diagnostics;

namespace Pepper.Benchmarks;

/// <summary>When what happened, as timestamps. What is said of the outage is of the time from the fault to the end.</summary>
internal readonly record struct OutageTimes(long BeganAt, long FaultAt, long UpAt, long EndAt);

/// <summary>What one contender made of one fault. Waits are in milliseconds.</summary>
internal sealed record OutageFigures(string Peer)
{
    internal double PerSecondBefore { get; private init; }

    internal double PerSecondDuring { get; private init; }

    internal TimeSpan? FirstFailure { get; private init; }

    internal double WaitMedian { get; private init; }

    internal double WaitP99 { get; private init; }

    internal double WaitMax { get; private init; }

    /// <summary>How many waited for as long as an acquire may take.</summary>
    internal int WholeWaits { get; private init; }

    internal int Failures { get; private init; }

    internal IReadOnlyList<(string Kind, int Count)> Kinds { get; private init; } = [];

    internal double AttemptsPerSecond { get; private init; }

    internal int AttemptsInASecond { get; private init; }

    internal int Wrong { get; private init; }

    internal TimeSpan? FullAfter { get; init; }

    internal int? InUse { get; init; }

    internal int Held { get; init; }

    internal int Sessions { get; init; }

    /// <summary>How many sessions the server has after the contender was disposed.</summary>
    internal int Left { get; init; }

    /// <summary>What is not as it should be afterwards.</summary>
    internal string Leaked
    {
        get
        {
            List<string> faults = [];
            if (InUse is > 0)
            {
                faults.Add($"{InUse} in use");
            }

            if (Held != OutageLimits.Places)
            {
                faults.Add($"{Held} can be lent");
            }

            if (Sessions != OutageLimits.Places)
            {
                faults.Add($"{Sessions} sessions");
            }

            if (Left != 0)
            {
                faults.Add($"{Left} left after dispose");
            }

            return faults.Count == 0 ? "no" : string.Join(", ", faults);
        }
    }

    internal bool IsSound => Wrong == 0 && WholeWaits == 0 && Leaked == "no" && FullAfter is not null;

    internal static OutageFigures Of(
        OutagePeer peer, OutageTimes times, IReadOnlyList<OutageClient> clients, OutagePulse pulse, long[] acceptedAt)
    {
        OutageRecord[] records = [.. clients.SelectMany(static client => client.Records)];
        double[] waits =
        [
            .. records.Where(record => record.HadAt >= times.FaultAt && record.AskedAt < times.EndAt)
                .Select(static record => Stopwatch.GetElapsedTime(record.AskedAt, record.HadAt).TotalMilliseconds)
                .Order(),
        ];
        OutageRecord[] failures =
            [.. records.Where(record => record.Failure is not null && record.EndedAt >= times.FaultAt)];
        int[] attempts =
        [
            .. acceptedAt.Where(at => at >= times.FaultAt && at < times.EndAt)
                .GroupBy(at => (at - times.FaultAt) / Stopwatch.Frequency).Select(static second => second.Count()),
        ];
        return new OutageFigures(peer.Name)
        {
            PerSecondBefore = pulse.PerSecond(times.BeganAt, times.FaultAt),
            PerSecondDuring = pulse.PerSecond(times.FaultAt, times.EndAt),
            FirstFailure = failures.Length == 0
                ? null
                : Stopwatch.GetElapsedTime(times.FaultAt, failures.Min(static record => record.EndedAt)),
            WaitMedian = Percentile(waits, 0.5),
            WaitP99 = Percentile(waits, 0.99),
            WaitMax = Percentile(waits, 1),
            // A timer may be early by a tick of the system's coarse clock.
            WholeWaits = waits.Count(wait => wait >= peer.AcquireTimeout.TotalMilliseconds - 50),
            Failures = failures.Length,
            Kinds =
            [
                .. failures.CountBy(static record => record.Failure!).OrderByDescending(static kind => kind.Value)
                    .Select(static kind => (kind.Key, kind.Value)),
            ],
            AttemptsPerSecond = attempts.Sum() / Stopwatch.GetElapsedTime(times.FaultAt, times.EndAt).TotalSeconds,
            AttemptsInASecond = attempts.DefaultIfEmpty().Max(),
            Wrong = records.Count(static record => record.IsWrong),
        };
    }

    private static double Percentile(double[] sorted, double share) =>
        sorted.Length == 0 ? 0 : sorted[Math.Min((int)(share * sorted.Length), sorted.Length - 1)];
}
