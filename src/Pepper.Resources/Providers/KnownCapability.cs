namespace Pepper.Resources.Providers;

/// <summary>A name of a capability that means an interface.</summary>
/// <param name="Name">The name in <see cref="ProviderMetadata.Capabilities"/>.</param>
/// <param name="Type">The type of provider for which it means this; <c>null</c> for those that no other row names.</param>
/// <param name="Interface">What a provider that declares it offers, and one that does not declare it must not offer.</param>
public sealed record KnownCapability(string Name, ProviderType? Type, Type Interface);
