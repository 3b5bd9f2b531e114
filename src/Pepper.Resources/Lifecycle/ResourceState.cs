namespace Pepper.Resources;

/// <summary>Where a resource stands in its life. <see cref="ResourceLifecycle"/> holds the legal changes.</summary>
public enum ResourceState
{
    /// <summary>Made, but not yet initialized.</summary>
    Created,

    /// <summary>Ready, and not used yet.</summary>
    Initialized,

    /// <summary>Lent to at least one holder.</summary>
    InUse,

    /// <summary>Ready, used before, lent to nobody.</summary>
    Idle,

    /// <summary>Broken: it can be recovered or disposed, and nothing else.</summary>
    Failed,

    /// <summary>Cleaned up for good.</summary>
    Disposed,
}
