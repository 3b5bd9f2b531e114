using Pepper.Resources.Pooling;

namespace Pepper.Resources;

/// <summary>
/// The deadline passed while the caller waited for a resource, or too many waited already. The message says how the pool stood,
/// who holds its resources, and which option sets the limit; the inner exception is the last failure to create a resource, if
/// any.
/// </summary>
/// <param name="message">All of it, as text.</param>
/// <param name="reason">Why no resource came.</param>
/// <param name="timeout">How long the caller was ready to wait.</param>
/// <param name="statistics">How the pool stood.</param>
/// <param name="holders">Who held its resources, longest first, at most five.</param>
/// <param name="innerException">The last failure to create a resource, if any.</param>
public sealed class PoolExhaustedException(
    string message,
    ExhaustionReason reason,
    TimeSpan timeout,
    PoolStatistics statistics,
    IReadOnlyList<LeaseInfo> holders,
    Exception? innerException = null)
    : ResourceTimeoutException(message, ResourceStage.Wait, timeout, statistics.Name, statistics.Type, innerException)
{
    /// <summary>Why no resource came.</summary>
    public ExhaustionReason Reason { get; } = reason;

    /// <summary>How the pool stood.</summary>
    public PoolStatistics Statistics { get; } = statistics;

    /// <summary>Who held its resources, longest first, at most five.</summary>
    public IReadOnlyList<LeaseInfo> Holders { get; } = holders;

    /// <summary>
    /// How many leases of this pool the caller's own <see cref="LeaseFlow"/> held while it waited for another; 0 when it held
    /// none, or when there was no flow.
    /// </summary>
    public int HeldByOwnFlow { get; init; }
}
