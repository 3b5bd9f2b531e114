using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Model;

/// <summary>What can be seen of the pool at one moment.</summary>
internal sealed record Observation(
    string Result,
    IReadOnlyList<ModelCaller> Callers,
    IReadOnlyList<int> Creating,
    IReadOnlySet<int> Destroyed,
    PoolStatistics Statistics,
    bool HasDrained,
    bool HasClosed);

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

        Compare("creations under way", Numbers(Phase.Creating), string.Join(' ', seen.Creating));
        Compare("destroyed", Numbers(Phase.Destroyed), string.Join(' ', seen.Destroyed.Order()));
        Compare("drained", _isDraining && Waiters == 0 && Live == 0, seen.HasDrained);
        Compare("disposal ended", _isDisposed, seen.HasClosed);
        foreach (var (name, expected, actual) in Counts(seen.Statistics))
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
        || seen.Destroyed.Any(id => _resources.Count <= id || _resources[id].Phase != Phase.Destroyed)
        || seen.Statistics.Created > _created
        || seen.Statistics.Timeouts > _timeouts
        || seen.Statistics.CreateFailures > _createFailures;

    /// <summary>Two states of the same text are one.</summary>
    public override string ToString() =>
        $"{_now} {_startedAt} {_minSize} {_maxSize} {_generation} {_isPaused} {_isDraining} {_isDisposed} {_failuresInARow} "
        + $"{_retryMinimumAt} {_waits} {_timeouts} {_cancellations} {_rejections} {_created} {_createFailures} {_acquired} "
        + $"{Result}{Environment.NewLine}{string.Join(Environment.NewLine, _resources)}"
        + $"{Environment.NewLine}{string.Join(Environment.NewLine, _callers)}";

    private static bool Matches(ModelCaller expected, ModelCaller actual) =>
        expected.Outcome == Outcome.ExhaustedOrTimedOut
            ? actual.Outcome is Outcome.Exhausted or Outcome.TimedOut
            : expected.Outcome == actual.Outcome && expected.Resource == actual.Resource;

    private static string Describe(ModelCaller caller) =>
        caller.Outcome == Outcome.Lent ? $"lent resource {caller.Resource}" : caller.Outcome.ToString();

    private string Numbers(Phase phase) => string.Join(' ', All(phase).Select(resource => resource.Id));

    private (string Name, long Expected, long Actual)[] Counts(PoolStatistics seen) =>
    [
        (nameof(seen.Size), Live, seen.Size),
        (nameof(seen.Idle), Count(Phase.Idle), seen.Idle),
        (nameof(seen.InUse), Count(Phase.Lent), seen.InUse),
        (nameof(seen.Creating), Count(Phase.Creating), seen.Creating),
        (nameof(seen.Waiting), Waiters, seen.Waiting),
        (nameof(seen.MinSize), _minSize, seen.MinSize),
        (nameof(seen.MaxSize), _maxSize, seen.MaxSize),
        (nameof(seen.IsPaused), _isPaused ? 1 : 0, seen.IsPaused ? 1 : 0),
        (nameof(seen.IsClosed), IsClosed ? 1 : 0, seen.IsClosed ? 1 : 0),
        (nameof(seen.Generation), _generation, seen.Generation),
        (nameof(seen.Acquired), _acquired, seen.Acquired),
        (nameof(seen.Waits), _waits, seen.Waits),
        (nameof(seen.Timeouts), _timeouts, seen.Timeouts),
        (nameof(seen.Cancellations), _cancellations, seen.Cancellations),
        (nameof(seen.Rejections), _rejections, seen.Rejections),
        (nameof(seen.Created), _created, seen.Created),
        (nameof(seen.CreateFailures), _createFailures, seen.CreateFailures),
        (nameof(seen.ConsecutiveCreateFailures), _failuresInARow, seen.ConsecutiveCreateFailures),
        (nameof(seen.Destroyed), Count(Phase.Destroyed), seen.Destroyed),
        (nameof(seen.Detached), Count(Phase.Detached), seen.Detached),
        (nameof(seen.Abandoned), 0, seen.Abandoned),
    ];
}
