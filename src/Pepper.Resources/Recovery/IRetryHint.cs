namespace Pepper.Resources.Recovery;

/// <summary>What an exception may know about another attempt. Implement it on exceptions of your own.</summary>
public interface IRetryHint
{
    /// <summary>
    /// How long to wait at least, as a server said (<c>Retry-After</c>); <c>null</c> when nothing was said. Default:
    /// <c>null</c>.
    /// </summary>
    TimeSpan? RetryAfter => null;

    /// <summary>
    /// <c>true</c>: the work had no effect yet, so that it may be repeated even if it is not idempotent. <c>false</c>: another
    /// attempt is of no use, or does harm. <c>null</c>: not known. Default: <c>null</c>.
    /// </summary>
    bool? MayRetry => null;
}
