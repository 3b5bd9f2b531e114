namespace Pepper.Resources.Pooling;

/// <summary>
/// Where a caller who has waited continues. Its continuation never runs within the return that served it; it is queued to the
/// thread pool, in one of two ways.
/// </summary>
public enum WakeUp
{
    /// <summary>
    /// In the queue of the thread that gave the resource back, which takes it next: what it needs is in that processor's cache.
    /// The higher throughput; other work of the thread pool waits a little longer.
    /// </summary>
    Local,

    /// <summary>
    /// At the end of the queue that all threads share, behind work that was there before. The lower latencies at the far end,
    /// where callers do much input and output between an acquire and its return.
    /// </summary>
    Fair,
}
