using Pepper.Resources.Recovery;
using Polly.Timeout;

namespace Pepper.Resources.Polly;

/// <summary>
/// The time of a <see cref="TimeoutStrategy"/> was over: for code that catches <see cref="TimeoutRejectedException"/>.
/// </summary>
/// <param name="message">What took too long, its limit, and the option that sets it.</param>
/// <param name="timeout">The limit.</param>
/// <param name="isAbandoned">Whether the work had not ended when this was made.</param>
/// <param name="innerException">What the strategy said, or what the work ended with when its token was cancelled.</param>
public sealed class BoundedTimeoutRejectedException(
    string message, TimeSpan timeout, bool isAbandoned, Exception innerException)
    : TimeoutRejectedException(message, timeout, innerException)
{
    /// <summary>
    /// Whether the work had not ended when this was made: it ignores its token, and nobody waits for it any more.
    /// </summary>
    public bool IsAbandoned { get; } = isAbandoned;
}
