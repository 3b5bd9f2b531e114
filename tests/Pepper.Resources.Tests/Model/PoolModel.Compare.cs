using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Model;

/// <summary>What can be seen of the pool at one moment.</summary>
internal sealed record Observation(
    string Result,
    IReadOnlyList<ModelCaller> Callers,
    IReadOnlyList<int> Holders,
    IReadOnlyList<(OperationKind Kind, Outcome Outcome)> Tasks,
    StageView Stages,
    PoolStatistics Statistics,
    int AwaitedReturns);

/// <content>Comparison with what can be seen of the pool.</content>
internal sealed partial class PoolModel
{
    /// <summary>What the operation itself answered.</summary>
    internal string Result { get; set; } = Done;

    /// <summary>What is seen otherwise; empty when all is as it should be.</summary>
    internal List<string> Differences(Observation seen)
    {
        List<string> differences = [];
        Compare("the operation's result", Result, seen.Result);
        foreach (var (expected, actual) in _callers.Zip(seen.Callers))
        {
            if (!Matches(expected, actual))
            {
                differences.Add($"caller {expected.Id} is {Describe(actual)}, not {Describe(expected)}");
            }
        }

        foreach (var (expected, actual) in _tasks.Zip(seen.Tasks))
        {
            if (!Matches(expected.Outcome, actual.Outcome))
            {
                differences.Add($"{expected.Kind} is {actual.Outcome}, not {expected.Outcome}");
            }
        }

        Compare("holders", Text(All(Phase.Lent).Select(static one => one.Holder).Order()), Text(seen.Holders));
        Compare("creations", Text(_resources.Select(static one => one.Factory)), Text(seen.Stages.Makers.Values));
        Compare("creations under way", Ids(Phase.Creating), Text(seen.Stages.InStage(ModelStage.Create)));
        Compare(
            "validations under way", Ids(Phase.Validating, Phase.KeptAlive, Phase.Rechecking),
            Text(seen.Stages.InStage(ModelStage.Validate)));
        Compare("resets under way", Ids(Phase.Resetting), Text(seen.Stages.InStage(ModelStage.Reset)));
        Compare("destroyed", Text(All(Phase.Destroyed).Select(static one => (one.Id, one.Reason!.Value))),
            Text(seen.Stages.Destroyed.Select(static one => (one.Key, one.Value))));
        foreach (var (name, expected, actual) in Counts(seen))
        {
            Compare(name, expected, actual);
        }

        return differences;

        void Compare<T>(string what, T expected, T actual)
        {
            if (!EqualityComparer<T>.Default.Equals(expected, actual))
            {
                differences.Add($"{what}: {actual}, not {expected}");
            }
        }
    }

    /// <summary>Whether what is seen can never again become as it should be: no need to wait for it.</summary>
    internal bool IsRuledOut(Observation seen) =>
        Result != seen.Result
        || _callers.Zip(seen.Callers).Any(pair => pair.Second.Outcome != Outcome.Waiting && !Matches(pair.First, pair.Second))
        || _tasks.Zip(seen.Tasks).Any(pair =>
            pair.Second.Outcome != Outcome.Waiting && !Matches(pair.First.Outcome, pair.Second.Outcome))
        || seen.Stages.Destroyed.Any(one => _resources.Count <= one.Key || _resources[one.Key].Phase != Phase.Destroyed
            || _resources[one.Key].Reason != one.Value)
        || seen.Stages.Validations > _n.Validations
        || seen.Statistics.Created > _n.Created
        || seen.Statistics.Timeouts > _n.Timeouts
        || seen.Statistics.CreateFailures > _n.CreateFailures;

    /// <summary>Two states of the same text are one.</summary>
    public override string ToString() =>
        $"{_n} {Result}{Environment.NewLine}{string.Join(Environment.NewLine, _resources)}{Environment.NewLine}"
        + $"{string.Join(Environment.NewLine, _callers)}{Environment.NewLine}{string.Join(Environment.NewLine, _tasks)}";

    private static bool Matches(ModelCaller expected, ModelCaller actual) =>
        Matches(expected.Outcome, actual.Outcome) && expected.Resource == actual.Resource;

    private static bool Matches(Outcome expected, Outcome actual) => expected switch
    {
        Outcome.ExhaustedOrTimedOut => actual is Outcome.Exhausted or Outcome.TimedOut,
        Outcome.ClosedSomehow => actual is Outcome.Closed or Outcome.Disposed or Outcome.TimedOut or Outcome.CreateFailed,
        Outcome.Unspecified => true,
        _ => expected == actual,
    };

    private static string Describe(ModelCaller caller) =>
        caller.Outcome == Outcome.Lent ? $"lent resource {caller.Resource}" : caller.Outcome.ToString();

    private static string Text<T>(IEnumerable<T> items) => string.Join(' ', items);

    private string Ids(params Phase[] phases) =>
        Text(_resources.Where(resource => phases.Contains(resource.Phase)).Select(static resource => resource.Id));

    private (string Name, long Expected, long Actual)[] Counts(Observation all)
    {
        var seen = all.Statistics;
        var awaited = _resources.Count(static one => one is { IsAwaited: true, Phase: Phase.Resetting or Phase.Rechecking });
        return
        [
            (nameof(seen.Size), Live, seen.Size),
            (nameof(seen.Idle), Count(Phase.Idle), seen.Idle),
            (nameof(seen.InUse), Count(Phase.Lent), seen.InUse),
            (nameof(seen.Creating), Count(Phase.Creating), seen.Creating),
            (nameof(seen.Waiting), Waiters, seen.Waiting),
            (nameof(seen.MinSize), _n.MinSize, seen.MinSize),
            (nameof(seen.MaxSize), _n.MaxSize, seen.MaxSize),
            (nameof(seen.IsPaused), _n.IsPaused ? 1 : 0, seen.IsPaused ? 1 : 0),
            (nameof(seen.IsClosed), IsClosed ? 1 : 0, seen.IsClosed ? 1 : 0),
            (nameof(seen.Generation), _n.Generation, seen.Generation),
            (nameof(seen.Acquired), _n.Acquired, seen.Acquired),
            (nameof(seen.Waits), _n.Waits, seen.Waits),
            (nameof(seen.Timeouts), _n.Timeouts, seen.Timeouts),
            (nameof(seen.Cancellations), _n.Cancellations, seen.Cancellations),
            (nameof(seen.Rejections), _n.Rejections, seen.Rejections),
            (nameof(seen.Created), _n.Created, seen.Created),
            (nameof(seen.CreateFailures), _n.CreateFailures, seen.CreateFailures),
            (nameof(seen.ConsecutiveCreateFailures), _n.FailuresInARow, seen.ConsecutiveCreateFailures),
            (nameof(seen.Destroyed), Count(Phase.Destroyed), seen.Destroyed),
            (nameof(seen.Detached), Count(Phase.Detached), seen.Detached),
            (nameof(seen.Abandoned), _n.Abandoned, seen.Abandoned),
            (nameof(seen.Leaks), _n.Leaks, seen.Leaks),
            ("validations begun", _n.Validations, all.Stages.Validations),
            ("returns that are awaited", awaited, all.AwaitedReturns),
        ];
    }

    /// <summary>What the model counts; times in milliseconds.</summary>
    private record struct Numbers
    {
        internal long Now;
        internal long StartedAt = -1;
        internal int MinSize;
        internal int MaxSize;
        internal int Generation;
        internal int Factory;
        internal int Renewal;
        internal long RenewedAt;
        internal bool IsPaused;
        internal bool IsDraining;
        internal bool IsDisposed;
        internal int FailuresInARow;
        internal Outcome LastFailure;
        internal long RetryMinimumAt;
        internal int IdleNumber;
        internal int Validations;
        internal long Waits;
        internal long Timeouts;
        internal long Cancellations;
        internal long Rejections;
        internal long Created;
        internal long CreateFailures;
        internal long Acquired;
        internal long Abandoned;
        internal long Leaks;

        public Numbers()
        {
        }

        public override readonly string ToString() =>
            $"now {Now}, started {StartedAt}, sizes {MinSize} {MaxSize}, generation {Generation} {Factory} {Renewal} "
            + $"{RenewedAt}, paused {IsPaused}, draining {IsDraining}, disposed {IsDisposed}, failures {FailuresInARow} "
            + $"{LastFailure} {RetryMinimumAt} {CreateFailures}, idle {IdleNumber}, validations {Validations}, "
            + $"waits {Waits} {Timeouts} {Cancellations} {Rejections}, created {Created}, "
            + $"acquired {Acquired}, abandoned {Abandoned}, leaks {Leaks}";
    }
}
