using System.Diagnostics;

namespace Pepper.Resources.Monitoring;

/// <summary>Spans of acquires that took time or failed. An acquire that was served at once makes none.</summary>
internal static class ResourceActivities
{
    internal const string AcquireName = "resource.acquire";

    private static readonly ActivitySource Source = new(ResourceMonitor.MeterName);

    internal static bool IsEnabled => Source.HasListeners();

    /// <summary>
    /// Tells of an acquire that has just ended, as a span that began then. It is written afterwards, on the caller's own flow,
    /// because a span that is started in one flow and stopped in another leaves its marks on both.
    /// </summary>
    internal static void RecordAcquire(
        string pool, string type, string outcome, ActivityContext parent, DateTimeOffset start, Exception? failure)
    {
        var current = Activity.Current;
        try
        {
            using var activity = Source.StartActivity(AcquireName, ActivityKind.Internal, parent, startTime: start);
            if (activity is null)
            {
                return;
            }

            activity.SetTag("resource.pool.name", pool).SetTag("resource.type", type).SetTag("resource.outcome", outcome);
            if (failure is not null)
            {
                activity.SetStatus(ActivityStatusCode.Error, failure.Message).SetTag("error.type", failure.GetType().Name);
            }
        }
        catch (Exception)
        {
            // A listener's failure is its own.
        }
        finally
        {
            Activity.Current = current;
        }
    }
}
