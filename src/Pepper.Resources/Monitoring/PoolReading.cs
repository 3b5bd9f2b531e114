namespace Pepper.Resources.Monitoring;

/// <summary>A pool's state at one moment, as the instruments need it.</summary>
internal sealed record PoolReading
{
    internal required string Pool { get; init; }

    /// <summary>Whether the pool also reports under OpenTelemetry's names for database connections.</summary>
    internal required bool IsDatabase { get; init; }

    internal required int Idle { get; init; }

    internal required int InUse { get; init; }

    internal required int Creating { get; init; }

    /// <summary>Live resources in any other state: being validated, reset or destroyed.</summary>
    internal required int Busy { get; init; }

    internal required int Min { get; init; }

    internal required int Max { get; init; }

    internal required int Waiting { get; init; }

    internal required TimeSpan OldestWait { get; init; }

    internal required long Timeouts { get; init; }

    internal required long Leaks { get; init; }

    internal required long Shed { get; init; }

    internal required bool IsOverloaded { get; init; }

    internal required IReadOnlyList<KeyValuePair<string, long>> Evictions { get; init; }
}
