namespace Pepper.Resources;

/// <summary>
/// The base of everything that Pepper throws about a resource. <see cref="Exception.InnerException"/> is the cause.
/// </summary>
public class ResourceException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">What happened, to which resource, and which option bears on it.</param>
    /// <param name="resourceId">The id of the resource, or the name of the pool.</param>
    /// <param name="resourceType">What sort of resource it is.</param>
    /// <param name="innerException">The cause, if any.</param>
    public ResourceException(
        string message, string? resourceId = null, ResourceType? resourceType = null, Exception? innerException = null)
        : base(message, innerException)
    {
        ResourceId = resourceId;
        ResourceType = resourceType;
    }

    /// <summary>The id of the resource, or the name of the pool; <c>null</c> when none is known.</summary>
    public string? ResourceId { get; }

    /// <summary>What sort of resource it is; <c>null</c> when it is not known.</summary>
    public ResourceType? ResourceType { get; }
}

/// <summary>No resource is registered under the id that was asked for.</summary>
/// <param name="message">What was asked for.</param>
/// <param name="resourceId">The id that is not known.</param>
public sealed class ResourceNotFoundException(string message, string resourceId) : ResourceException(message, resourceId);

/// <summary>The id is taken by another resource.</summary>
/// <param name="message">What was registered twice.</param>
/// <param name="resourceId">The id that is taken.</param>
/// <param name="resourceType">The type of the resource that was refused.</param>
public sealed class DuplicateResourceException(string message, string resourceId, ResourceType resourceType)
    : ResourceException(message, resourceId, resourceType);

/// <summary>A resource could not be made ready. The inner exception says why.</summary>
/// <param name="message">What failed.</param>
/// <param name="resourceId">The id of the resource, or the name of the pool.</param>
/// <param name="resourceType">What sort of resource it is.</param>
/// <param name="innerException">The cause.</param>
public sealed class ResourceInitializationException(
    string message, string? resourceId, ResourceType? resourceType, Exception? innerException = null)
    : ResourceException(message, resourceId, resourceType, innerException);

/// <summary>A resource could not be cleaned up. It is forgotten all the same. The inner exception says why.</summary>
/// <param name="message">What failed.</param>
/// <param name="resourceId">The id of the resource, or the name of the pool.</param>
/// <param name="resourceType">What sort of resource it is.</param>
/// <param name="innerException">The cause.</param>
public sealed class ResourceCleanupException(
    string message, string? resourceId, ResourceType? resourceType, Exception? innerException = null)
    : ResourceException(message, resourceId, resourceType, innerException);
