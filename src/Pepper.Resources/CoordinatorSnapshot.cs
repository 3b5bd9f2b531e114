using System.Text.Json;
using System.Text.Json.Serialization;
using Pepper.Resources.Caching;
using Pepper.Resources.Pooling;

namespace Pepper.Resources;

/// <summary>Everything that a coordinator held at one moment. Immutable.</summary>
public sealed record CoordinatorSnapshot
{
    /// <summary>When it was taken, on the wall clock.</summary>
    public required DateTimeOffset TakenAt { get; init; }

    /// <summary>Where the coordinator stood.</summary>
    public required CoordinatorState State { get; init; }

    /// <summary>Whether what it holds could be used.</summary>
    public required CoordinatorHealth Health { get; init; }

    /// <summary>The pools, by name.</summary>
    public required IReadOnlyList<PoolSnapshot> Pools { get; init; }

    /// <summary>The caches, by name.</summary>
    public IReadOnlyList<CacheStatistics> Caches { get; init; } = [];

    /// <summary>The resources, in the order of their registration.</summary>
    public required IReadOnlyList<RegisteredResource> Resources { get; init; }

    /// <summary>The snapshot as JSON: camel case, enumerations by name, durations as <c>d.hh:mm:ss.fffffff</c>.</summary>
    /// <returns>The text.</returns>
    public string ToJson() => JsonSerializer.Serialize(this, CoordinatorSnapshotJson.Default.CoordinatorSnapshot);
}

/// <summary>A pool in a snapshot.</summary>
public sealed record PoolSnapshot
{
    /// <summary>Its state and totals.</summary>
    public required PoolStatistics Statistics { get; init; }

    /// <summary>Who holds what, longest first.</summary>
    public required IReadOnlyList<LeaseInfo> Leases { get; init; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, WriteIndented = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(CoordinatorSnapshot))]
internal sealed partial class CoordinatorSnapshotJson : JsonSerializerContext;
