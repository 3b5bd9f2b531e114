namespace Pepper.Resources.Recovery;

/// <summary>
/// How chance spreads the delays of those that failed at the same time. <see cref="RetryOptions.MaxDelay"/> caps each delay
/// afterwards.
/// </summary>
public enum RetryJitter
{
    /// <summary>The exponential delay times a number from 0.5 to 1.5.</summary>
    Proportional,

    /// <summary>
    /// From zero to the exponential delay: "full jitter" in Marc Brooker, <i>Exponential Backoff And Jitter</i>, AWS
    /// Architecture Blog, 2015.
    /// </summary>
    Full,

    /// <summary>
    /// From <see cref="RetryOptions.InitialDelay"/> to three times the delay before: "decorrelated jitter" in the same article.
    /// <see cref="RetryOptions.ExponentialBase"/> has no part in it.
    /// </summary>
    Decorrelated,
}
