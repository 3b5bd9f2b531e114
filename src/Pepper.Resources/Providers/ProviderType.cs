namespace Pepper.Resources.Providers;

/// <summary>What sort of thing a provider provides.</summary>
public enum ProviderType
{
    /// <summary>Memory: entries that are remembered and searched.</summary>
    Memory,

    /// <summary>Storage: contents under keys.</summary>
    Storage,

    /// <summary>A capability of another sort, under a name that its users know.</summary>
    Capability,

    /// <summary>Anything else.</summary>
    Custom,
}
