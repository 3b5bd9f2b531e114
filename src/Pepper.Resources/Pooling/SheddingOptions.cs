namespace Pepper.Resources.Pooling;

/// <summary>
/// When a pool that is overloaded rejects callers, so that those whom it serves are served fresh: load shedding by queueing
/// delay. The pool is overloaded once everybody whom it served for an <see cref="Interval"/> had waited for longer than
/// <see cref="Target"/>. While it is, those who have waited for more than twice <see cref="Target"/> are rejected.
/// </summary>
/// <remarks>
/// A burst that drains within <see cref="Interval"/> rejects nobody, however long its callers wait. Nobody is rejected while a
/// resource is idle or a place free, nor while the pool is paused, drained or disposed; and the last in the queue is never
/// rejected, so that each resource that comes back finds a taker.
/// </remarks>
public sealed class SheddingOptions
{
    /// <summary>
    /// The wait that is fine even under load: 1 millisecond or more. Choose what callers barely notice, and several times the
    /// time for which a resource is lent, divided by <see cref="ResourcePoolOptions.MaxSize"/>. Waits are measured in whole
    /// milliseconds. Default: 50 milliseconds.
    /// </summary>
    public TimeSpan Target { get; set; } = TimeSpan.FromMilliseconds(50);

    /// <summary>
    /// For how long the shortest wait must exceed <see cref="Target"/>: at least <see cref="Target"/>. Choose how long a burst
    /// may last. Default: 2 seconds.
    /// </summary>
    public TimeSpan Interval { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>A copy, for options that differ in a few values.</summary>
    /// <returns>The copy.</returns>
    public SheddingOptions Copy() => (SheddingOptions)MemberwiseClone();
}
