using Pepper.Resources.Recovery;

namespace Pepper.Resources;

/// <summary>How healing stands, for operators.</summary>
internal readonly record struct HealingReport(
    CircuitStatistics? Circuit, long Remade, ResourceHealth Health, string? Reason);
