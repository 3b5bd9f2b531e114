namespace Pepper.Resources;

/// <summary>
/// A resource, or a pool, is still held, and the time to wait for it is over. The holders' last return cleans up.
/// </summary>
/// <param name="message">What is held, how long was waited, and by whom it is held.</param>
/// <param name="holders">Who holds it.</param>
/// <param name="resourceId">The id of the resource, or the name of the pool.</param>
/// <param name="resourceType">What sort of resource it is.</param>
public sealed class ResourceBusyException(
    string message, IReadOnlyList<LeaseInfo> holders, string? resourceId = null, ResourceType? resourceType = null)
    : ResourceException(message, resourceId, resourceType)
{
    /// <summary>Who held the resource when the time was over, longest first.</summary>
    public IReadOnlyList<LeaseInfo> Holders { get; } = holders;
}
