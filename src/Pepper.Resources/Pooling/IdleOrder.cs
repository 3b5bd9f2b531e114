namespace Pepper.Resources.Pooling;

/// <summary>Which of several idle resources a pool lends.</summary>
public enum IdleOrder
{
    /// <summary>
    /// The one that came back last, of those that came back on the caller's processor; else any. What was used last is warm, and
    /// what is not needed stays idle, so that <see cref="ResourcePoolOptions.IdleTimeout"/> finds it. The fastest.
    /// </summary>
    Lifo,

    /// <summary>
    /// The one that has been idle longest, so that all are used alike: where each must be used from time to time, or stands for a
    /// server among several. Costs a lock and a look at every place with each acquire and each return.
    /// </summary>
    Fifo,
}
