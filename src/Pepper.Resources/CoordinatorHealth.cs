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

/// <summary>Whether what a coordinator holds can be used, and why not.</summary>
public sealed record CoordinatorHealth
{
    /// <summary>The worst of all parts.</summary>
    public required ResourceHealth Status { get; init; }

    /// <summary>A sentence for each part that is not healthy.</summary>
    public required IReadOnlyList<string> Reasons { get; init; }
}
