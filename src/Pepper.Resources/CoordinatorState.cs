namespace Pepper.Resources;

/// <summary>Where a <see cref="ResourceCoordinator"/> stands.</summary>
public enum CoordinatorState
{
    /// <summary>Built, not started.</summary>
    Created,

    /// <summary>Starting its parts.</summary>
    Starting,

    /// <summary>Everything is ready.</summary>
    Running,

    /// <summary>Stopping its parts.</summary>
    Stopping,

    /// <summary>Stopped for good.</summary>
    Stopped,
}
