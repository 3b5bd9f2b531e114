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

    /// <summary>Whether it is on its way out: nobody new gets it.</summary>
    public required bool IsReleasing { get; init; }

    /// <summary>Who holds it, longest first.</summary>
    public required IReadOnlyList<LeaseInfo> Leases { get; init; }
}
