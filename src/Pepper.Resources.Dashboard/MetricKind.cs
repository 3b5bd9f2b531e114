namespace Pepper.Resources.Dashboard;

/// <summary>How measurements of an instrument become the value of a series.</summary>
internal enum MetricKind
{
    /// <summary>Added up; exported as a counter.</summary>
    Sum,

    /// <summary>Added up, and may fall; exported as a gauge.</summary>
    Balance,

    /// <summary>The last one counts; exported as a gauge.</summary>
    Last,

    /// <summary>Read when scraped; exported as a gauge.</summary>
    ObservedGauge,

    /// <summary>Read when scraped; exported as a counter.</summary>
    ObservedSum,

    /// <summary>Counted by size; exported as a histogram.</summary>
    Histogram,
}
