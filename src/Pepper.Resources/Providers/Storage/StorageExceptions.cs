using Pepper.Resources.Recovery;

namespace Pepper.Resources.Providers;

/// <summary>The base of what storages throw about an entry.</summary>
public class StorageException : ResourceException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">What happened, to which entry.</param>
    /// <param name="key">The key of the entry.</param>
    /// <param name="innerException">The cause, if any.</param>
    public StorageException(string message, string key, Exception? innerException = null)
        : base(message, null, null, innerException) => Key = key;

    /// <summary>The key of the entry.</summary>
    public string Key { get; }
}

/// <summary>A condition on an entry's ETag does not hold: somebody else was faster. Nothing was changed.</summary>
/// <param name="message">Which condition, on which entry.</param>
/// <param name="key">The key of the entry.</param>
/// <param name="expectedETag">The ETag that was asked for; <c>null</c> when no entry was to be there.</param>
/// <param name="actualETag">The ETag that is there; <c>null</c> when there is no entry, or it is not known.</param>
public sealed class StorageConflictException(string message, string key, string? expectedETag, string? actualETag)
    : StorageException(message, key), IRetryHint
{
    /// <summary>The ETag that was asked for; <c>null</c> when no entry was to be there.</summary>
    public string? ExpectedETag { get; } = expectedETag;

    /// <summary>The ETag that was there; <c>null</c> when there was no entry, or it is not known.</summary>
    public string? ActualETag { get; } = actualETag;

    bool? IRetryHint.MayRetry => false;
}

/// <summary>The key cannot be used.</summary>
/// <param name="message">Why.</param>
/// <param name="key">The key.</param>
public sealed class StorageKeyException(string message, string key) : StorageException(message, key), IRetryHint
{
    bool? IRetryHint.MayRetry => false;
}

/// <summary>What was to be written is larger than the storage takes.</summary>
/// <param name="message">What is too large, and which limit it exceeds.</param>
/// <param name="key">The key of the entry.</param>
/// <param name="limit">The limit, in bytes.</param>
public sealed class StorageLimitException(string message, string key, long limit) : StorageException(message, key), IRetryHint
{
    /// <summary>The limit, in bytes.</summary>
    public long Limit { get; } = limit;

    bool? IRetryHint.MayRetry => false;
}

/// <summary>What lies under the key is no entry of the storage, or was damaged.</summary>
/// <param name="message">What is wrong with it.</param>
/// <param name="key">The key, or where it was found when its key cannot be read.</param>
/// <param name="innerException">The cause, if any.</param>
public sealed class StorageCorruptException(string message, string key, Exception? innerException = null)
    : StorageException(message, key, innerException), IRetryHint
{
    bool? IRetryHint.MayRetry => false;
}
