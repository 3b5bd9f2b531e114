namespace Pepper.Resources;

/// <content>What operators see.</content>
public sealed partial class ResourceManager
{
    /// <summary>What is registered, in the order of registration; what has not been made yet is left out.</summary>
    /// <returns>A snapshot.</returns>
    public IReadOnlyList<RegisteredResource> GetResources() =>
    [
        .. _entries.Values.OrderBy(static entry => entry.Sequence)
            .Where(static entry => entry.Current is not null).Select(static entry => Describe(entry, entry.Current!)),
    ];

    private static RegisteredResource Describe(RegistryEntry entry, Registration registration)
    {
        var report = entry.Healing?.GetReport() ?? (registration.IsBroken
            ? new HealingReport(null, 0, ResourceHealth.Unhealthy, "A holder found it broken.")
            : default);
        return new RegisteredResource
        {
            Metadata = registration.Resource.Metadata,
            State = registration.Resource.State,
            LastUsedAt = registration.Resource.LastUsedAt,
            IsExpired = registration.Resource.IsExpired,
            IsReleasing = registration.Slot.IsClosed,
            Leases = registration.Slot.GetLeases(registration.Id),
            Circuit = report.Circuit,
            Remade = report.Remade,
            Health = report.Health,
            HealthReason = report.Reason,
        };
    }
}
