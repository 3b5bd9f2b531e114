namespace Pepper.Resources;

/// <summary>A deadline passed. <see cref="Stage"/> says in which part of the operation.</summary>
public class ResourceTimeoutException : ResourceException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">What took too long, its limit, and the option that sets it.</param>
    /// <param name="stage">The part of the operation in which the deadline passed.</param>
    /// <param name="timeout">The limit that was exceeded.</param>
    /// <param name="resourceId">The id of the resource, or the name of the pool.</param>
    /// <param name="resourceType">What sort of resource it is.</param>
    /// <param name="innerException">The cause, if any.</param>
    public ResourceTimeoutException(
        string message,
        ResourceStage stage,
        TimeSpan timeout,
        string? resourceId = null,
        ResourceType? resourceType = null,
        Exception? innerException = null)
        : base(message, resourceId, resourceType, innerException)
    {
        Stage = stage;
        Timeout = timeout;
    }

    /// <summary>The part of the operation in which the deadline passed.</summary>
    public ResourceStage Stage { get; }

    /// <summary>The limit that was exceeded.</summary>
    public TimeSpan Timeout { get; }
}
