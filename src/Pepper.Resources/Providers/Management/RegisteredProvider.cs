namespace Pepper.Resources.Providers;

/// <summary>A provider that a manager owns, as operators see it: a snapshot.</summary>
public sealed record RegisteredProvider
{
    /// <summary>Its name, type, capabilities and so on.</summary>
    public required ProviderMetadata Metadata { get; init; }

    /// <summary>Where it stands in its life.</summary>
    public required ProviderState State { get; init; }

    /// <summary>Why it does not serve; <c>null</c> when it does, or nothing failed.</summary>
    public Exception? Failure { get; init; }

    /// <summary>Who holds it, longest first.</summary>
    public required IReadOnlyList<LeaseInfo> Leases { get; init; }
}
