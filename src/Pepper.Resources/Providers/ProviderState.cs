namespace Pepper.Resources.Providers;

/// <summary>Where a provider stands in its life. Its manager moves it from one state to the next.</summary>
public enum ProviderState
{
    /// <summary>Made, or registered and not enabled: it was never started.</summary>
    Created,

    /// <summary>It is being validated, initialised and checked.</summary>
    Starting,

    /// <summary>It serves.</summary>
    Running,

    /// <summary>It is reloaded: a successor is built while it serves, or it is initialised again in place.</summary>
    Reloading,

    /// <summary>Nobody new gets it, and who holds it is waited for.</summary>
    Draining,

    /// <summary>It could not be started, reloaded or cleaned up.</summary>
    Failed,

    /// <summary>It was cleaned up.</summary>
    Stopped,
}
