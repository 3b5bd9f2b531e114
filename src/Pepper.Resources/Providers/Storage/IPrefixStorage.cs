namespace Pepper.Resources.Providers;

/// <summary>
/// A storage that deletes all keys of a prefix as one step: what the capability <c>delete-prefix</c> means. Safe from any thread.
/// </summary>
public interface IPrefixStorage
{
    /// <summary>Deletes every entry whose key begins so: all of them, or none when it fails.</summary>
    /// <param name="prefix">The beginning of the keys; not empty.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>How many entries were deleted, those not counted that had expired.</returns>
    /// <exception cref="ArgumentException"><paramref name="prefix"/> is null or empty.</exception>
    ValueTask<int> DeletePrefixAsync(string prefix, CancellationToken cancellationToken = default);
}
