namespace Pepper.Resources.Providers;

/// <summary>The configuration of an <see cref="InProcessMemoryProvider"/>, which copies it. Not thread safe while it is being
/// set up.</summary>
public sealed class InProcessMemoryOptions : IProviderConfiguration
{
    /// <summary>Whether the provider is to be started. Default true.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>What all memory stores share. Default: their defaults.</summary>
    public MemoryStoreOptions Store { get; set; } = new();

    /// <inheritdoc/>
    public IEnumerable<string> GetFaults() => Store is null ? ["Store is null."] : Store.GetFaults();

    internal InProcessMemoryOptions Copy() => new() { Enabled = Enabled, Store = Store?.Copy()! };
}
