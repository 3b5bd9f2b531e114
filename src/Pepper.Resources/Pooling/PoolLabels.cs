namespace Pepper.Resources.Pooling;

internal static class PoolLabels
{
    private static readonly string[] Outcomes = ["ok", "timeout", "canceled", "failed", "rejected", "shed", "circuit_open"];

    internal static string Of(AcquireOutcome outcome) => Outcomes[(int)outcome];
}
