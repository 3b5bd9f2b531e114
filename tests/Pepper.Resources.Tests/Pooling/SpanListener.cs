using System.Collections.Concurrent;
using System.Diagnostics;

namespace Pepper.Resources.Tests.Pooling;

/// <summary>Hears the spans of one pool.</summary>
internal sealed class SpanListener : IDisposable
{
    private readonly ActivityListener _listener;
    private readonly ConcurrentQueue<Activity> _seen = new();

    internal SpanListener(string pool, string name = "resource.acquire")
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == ResourceMonitor.MeterName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity =>
            {
                if (activity.OperationName == name && Equals(activity.GetTagItem("resource.pool.name"), pool))
                {
                    _seen.Enqueue(activity);
                }
            },
        };
        ActivitySource.AddActivityListener(_listener);
    }

    internal IEnumerable<Activity> Seen => _seen;

    internal IEnumerable<string> Outcomes => _seen.Select(activity => (string)activity.GetTagItem("resource.outcome")!);

    public void Dispose() => _listener.Dispose();
}
