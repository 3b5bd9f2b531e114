namespace Pepper.Resources;

/// <summary>How well something can be used, from best to worst.</summary>
public enum ResourceHealth
{
    /// <summary>As it should be.</summary>
    Healthy,

    /// <summary>Usable, but not as it should be.</summary>
    Degraded,

    /// <summary>Not usable.</summary>
    Unhealthy,
}
