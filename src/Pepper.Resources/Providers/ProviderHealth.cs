namespace Pepper.Resources.Providers;

/// <summary>How well a provider can be used, at the moment of the check.</summary>
/// <param name="Status">How well.</param>
/// <param name="Description">Why, for people. Default: nothing is said.</param>
public sealed record ProviderHealth(ResourceHealth Status, string? Description = null)
{
    /// <summary>As it should be.</summary>
    public static ProviderHealth Healthy { get; } = new(ResourceHealth.Healthy);
}
