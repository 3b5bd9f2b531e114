using Pepper.Resources.Recovery;

namespace Pepper.Resources;

/// <summary>A resource that a manager owns, as operators see it: a snapshot.</summary>
public sealed record RegisteredResource
{
    /// <summary>Its id, type, owner, time to live and labels.</summary>
    public required ResourceMetadata Metadata { get; init; }

    /// <summary>Where it stands in its life.</summary>
    public required ResourceState State { get; init; }

    /// <summary>When it was last used.</summary>
    public required DateTimeOffset LastUsedAt { get; init; }

    /// <summary>Whether its time to live is over.</summary>
    public required bool IsExpired { get; init; }

    /// <summary>
    /// Whether it is on its way out: nobody new gets it. One that the manager makes anew is on its way out too, until the next
    /// one is there.
    /// </summary>
    public required bool IsReleasing { get; init; }

    /// <summary>Who holds it, longest first.</summary>
    public required IReadOnlyList<LeaseInfo> Leases { get; init; }

    /// <summary>
    /// The circuit of making it anew; <c>null</c> when the manager does not, or no longer.
    /// </summary>
    public CircuitStatistics? Circuit { get; init; }

    /// <summary>How often it was made anew since it was registered.</summary>
    public long Remade { get; init; }

    /// <summary>
    /// Whether it can be had: <see cref="ResourceHealth.Unhealthy"/> while it is broken, and when it had to be made anew more
    /// often than <see cref="FactoryRecoveryOptions.MaxRecoveries"/> allows.
    /// </summary>
    public ResourceHealth Health { get; init; }

    /// <summary>Why it is not healthy; <c>null</c> when it is.</summary>
    public string? HealthReason { get; init; }
}
