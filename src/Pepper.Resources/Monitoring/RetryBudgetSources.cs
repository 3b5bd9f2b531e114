namespace Pepper.Resources.Monitoring;

/// <summary>A retry budget whose state the monitor can read.</summary>
internal interface IRetryBudgetSource
{
    /// <summary>What it has and did. Called on a listener's thread; must not block.</summary>
    RetryBudgetReading ReadBudget();
}

/// <summary>A budget at one moment.</summary>
internal readonly record struct RetryBudgetReading(string Name, double Available, long Granted, long Refused);

/// <summary>Every retry budget that the monitor can read.</summary>
internal sealed class RetryBudgetSources : WeakSources<IRetryBudgetSource>
{
    /// <summary>One reading for each name, the sum of its budgets, as a time series can have but one value.</summary>
    internal IEnumerable<RetryBudgetReading> Read() =>
        Live().Select(static source => source.ReadBudget()).GroupBy(static one => one.Name, StringComparer.Ordinal)
            .Select(static same => new RetryBudgetReading(
                same.Key, same.Sum(static one => one.Available), same.Sum(static one => one.Granted),
                same.Sum(static one => one.Refused)));
}
