using System.Text.Json.Serialization;

namespace Pepper.Benchmarks;

/// <summary>One peer in one scenario: medians over the rounds. Null is what the scenario does not measure.</summary>
internal sealed record Result
{
    public required string Scenario { get; init; }

    public required string Peer { get; init; }

    public required string Version { get; init; }

    public double? NsPerOp { get; init; }

    public double? KopsPerSec { get; init; }

    public double? P99us { get; init; }

    public double? P999us { get; init; }

    public double? BytesPerOp { get; init; }

    /// <summary>
    /// This peer's figure to Pepper's in the same scenario: time or bytes below 1 and throughput above 1 beat Pepper.
    /// </summary>
    public double? RatioToPepper { get; init; }

    /// <summary>Most turns of a task to fewest, when the first has had all of its own: 1 is fair. Left out when null.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Turns { get; init; }

    /// <summary>Time in use to places × time, in percent.</summary>
    [JsonIgnore]
    public double? UtilisationPercent { get; init; }

    /// <summary>For how long things were held in truth, on average, in microseconds.</summary>
    [JsonIgnore]
    public double? HoldUs { get; init; }
}

/// <summary>What one round measured.</summary>
internal readonly record struct Sample(
    double? NsPerOp = null,
    double? KopsPerSec = null,
    double? P99us = null,
    double? P999us = null,
    double? BytesPerOp = null,
    double? Turns = null,
    double? UtilisationPercent = null,
    double? HoldUs = null);
