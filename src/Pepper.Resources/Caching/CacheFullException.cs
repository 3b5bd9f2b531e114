namespace Pepper.Resources.Caching;

/// <summary>A cache is full, and everything in it is leased.</summary>
/// <param name="message">Which cache, how full, for how long was waited, and which option bears on it.</param>
/// <param name="cache">The name of the cache.</param>
/// <param name="resourceType">What sort of resources it holds.</param>
public sealed class CacheFullException(string message, string cache, ResourceType resourceType)
    : ResourceException(message, cache, resourceType);
