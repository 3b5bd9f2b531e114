namespace Pepper.Resources.Providers;

/// <summary>The stages through which a provider comes and goes, in their order.</summary>
public enum ProviderStage
{
    /// <summary>The configuration is judged.</summary>
    Validate,

    /// <summary>The provider is built from it.</summary>
    Build,

    /// <summary>It is made ready.</summary>
    Initialize,

    /// <summary>It is asked whether it can be used, and held to the capabilities that it declares.</summary>
    HealthCheck,

    /// <summary>Who holds the one that goes is waited for.</summary>
    Drain,

    /// <summary>The one that goes is cleaned up.</summary>
    Cleanup,
}
