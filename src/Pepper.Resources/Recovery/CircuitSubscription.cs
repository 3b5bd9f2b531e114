using Microsoft.Extensions.Logging;
using Pepper.Resources.Monitoring;

namespace Pepper.Resources.Recovery;

/// <summary>One observer of a circuit.</summary>
internal sealed class CircuitSubscription(Action<CircuitSubscription> remove, Action<CircuitTransition> handler, ILogger logger)
    : EventSubscription<CircuitTransition>(handler, Capacity)
{
    internal const int Capacity = 256;

    protected override CircuitTransition WithMissed(CircuitTransition one, long missed) => one with { Missed = missed };

    protected override void ReportMissed(CircuitTransition one)
    {
        if (one.Missed > 0)
        {
            RecoveryLog.TransitionsMissed(logger, one.Name, one.Missed, Capacity);
        }
    }

    protected override void ReportFailure(CircuitTransition one, Exception failure) =>
        RecoveryLog.ObserverFailed(logger, one.Name, FailureText.Of(failure), failure);

    protected override void Remove() => remove(this);
}
