namespace Pepper.Resources.Providers;

/// <summary>
/// What a provider's configuration may say of itself. A configuration that does not implement it is always enabled, and is
/// judged by the provider alone.
/// </summary>
public interface IProviderConfiguration
{
    /// <summary>Whether the provider is to be started. One that is not is registered all the same.</summary>
    bool Enabled { get; }

    /// <summary>What is wrong with the configuration, all at once, before anything is built from it.</summary>
    /// <returns>A sentence for each fault, naming the setting, its value and what is allowed; empty when there is none.</returns>
    IEnumerable<string> GetFaults() => [];
}
