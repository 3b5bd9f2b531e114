namespace Pepper.Resources;

/// <summary>The pool is drained, or being drained, and lends nothing any more.</summary>
/// <param name="message">What was asked of which pool.</param>
/// <param name="poolName">The pool's name.</param>
/// <param name="resourceType">What sort of resource it held.</param>
public sealed class PoolClosedException(string message, string poolName, ResourceType resourceType)
    : ResourceException(message, poolName, resourceType);
