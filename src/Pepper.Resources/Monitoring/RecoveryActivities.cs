using System.Diagnostics;

namespace Pepper.Resources.Monitoring;

/// <summary>Marks what recovery did on the span that the caller is in. Without one it does nothing.</summary>
internal static class RecoveryActivities
{
    internal static void MarkRetry(string name, int attempt, TimeSpan delay, Exception failure)
    {
        if (Activity.Current is { IsAllDataRequested: true } activity)
        {
            activity.AddEvent(new ActivityEvent("recovery.retry", tags: new ActivityTagsCollection
            {
                ["recovery.name"] = name,
                ["recovery.attempt"] = attempt,
                ["recovery.delay_seconds"] = delay.TotalSeconds,
                ["error.type"] = failure.GetType().Name,
            }));
        }
    }

    internal static void MarkRejection(string name, string state)
    {
        if (Activity.Current is { IsAllDataRequested: true } activity)
        {
            activity.AddEvent(new ActivityEvent("recovery.rejected", tags: new ActivityTagsCollection
            {
                ["recovery.name"] = name,
                ["recovery.state"] = state,
            }));
        }
    }

    internal static void MarkFallback(string name, int index)
    {
        if (Activity.Current is { IsAllDataRequested: true } activity)
        {
            activity.AddEvent(new ActivityEvent("recovery.fallback", tags: new ActivityTagsCollection
            {
                ["recovery.name"] = name,
                ["recovery.index"] = index,
            }));
        }
    }
}
