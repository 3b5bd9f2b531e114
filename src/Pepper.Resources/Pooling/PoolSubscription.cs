using Microsoft.Extensions.Logging;
using Pepper.Resources.Monitoring;

namespace Pepper.Resources.Pooling;

/// <summary>One subscriber to the events of a pool.</summary>
internal sealed class PoolSubscription(PoolEvents events, Action<PoolEvent> handler, ILogger logger)
    : EventSubscription<PoolEvent>(handler, Capacity)
{
    internal const int Capacity = 1024;

    protected override PoolEvent WithMissed(PoolEvent one, long missed) => one with { Missed = missed };

    protected override void ReportMissed(PoolEvent one)
    {
        if (one.Missed > 0)
        {
            PoolLog.EventsMissed(logger, one.Pool, one.Missed, Capacity);
        }
    }

    protected override void ReportFailure(PoolEvent one, Exception failure) =>
        PoolLog.EventHandlerFailed(logger, one.Pool, one.Kind.ToString(), FailureText.Of(failure), failure);

    protected override void Remove() => events.Remove(this);
}
