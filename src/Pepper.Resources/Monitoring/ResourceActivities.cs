using System.Diagnostics;

namespace Pepper.Resources.Monitoring;

/// <summary>
/// Spans of acquires that took time or failed, and of creations. An acquire that was served at once makes none.
/// </summary>
internal static class ResourceActivities
{
    internal const string AcquireName = "resource.acquire";
    internal const string CreateName = "resource.create";

    private static readonly ActivitySource Source = new(ResourceMonitor.MeterName);

    internal static bool IsEnabled => Source.HasListeners();

    /// <summary>
    /// Tells of an acquire that has just ended, as a span that began then. It is written afterwards, on the caller's own flow,
    /// because a span that is started in one flow and stopped in another leaves its marks on both.
    /// </summary>
    internal static void RecordAcquire(
        string pool, string type, string outcome, ActivityContext parent, DateTimeOffset start, Exception? failure)
    {
        Record(AcquireName, pool, type, parent, start, failure, "resource.outcome", outcome);
    }

    /// <summary>
    /// Tells of a creation that has just ended, as a span of its own: it belongs to the pool, and is a part of no caller's work.
    /// </summary>
    internal static void RecordCreate(string pool, string type, string purpose, DateTimeOffset start, Exception? failure) =>
        Record(CreateName, pool, type, default, start, failure, "resource.create.purpose", purpose);

    private static void Record(
        string name, string pool, string type, ActivityContext parent, DateTimeOffset start, Exception? failure,
        string tag, string value)
    {
        var current = Activity.Current;
        try
        {
            if (parent == default)
            {
                // Else it would be a part of whatever this thread happens to be in.
                Activity.Current = null;
            }

            using var activity = Source.StartActivity(name, ActivityKind.Internal, parent, startTime: start);
            if (activity is null)
            {
                return;
            }

            activity.SetTag("resource.pool.name", pool).SetTag("resource.type", type).SetTag(tag, value);
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
