namespace Pepper.Resources.Providers;

/// <summary>
/// The capabilities whose names mean an interface. Declaring one without offering its interface is an error, and so is offering
/// the interface without declaring it.
/// </summary>
public static class ProviderCapabilities
{
    /// <summary>Puts things in: <see cref="IMemoryStore"/> on memory providers, else <see cref="IStorage"/>.</summary>
    public const string Store = "store";

    /// <summary>Gets them back: <see cref="IStorage"/>.</summary>
    public const string Retrieve = "retrieve";

    /// <summary>Finds them: <see cref="IMemoryStore"/> on memory providers; a free label on others.</summary>
    public const string Search = "search";

    /// <summary>Entries may expire: <see cref="IExpiringStorage"/> on storage providers.</summary>
    public const string TimeToLive = "ttl";

    /// <summary>Deletes all keys of a prefix as one step: <see cref="IPrefixStorage"/> on storage providers.</summary>
    public const string DeletePrefix = "delete-prefix";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<KnownCapability> Known { get; } =
    [
        new(Store, ProviderType.Memory, typeof(IMemoryStore)),
        new(Search, ProviderType.Memory, typeof(IMemoryStore)),
        new(Store, null, typeof(IStorage)),
        new(Retrieve, null, typeof(IStorage)),
        new(TimeToLive, ProviderType.Storage, typeof(IExpiringStorage)),
        new(DeletePrefix, ProviderType.Storage, typeof(IPrefixStorage)),
    ];

    /// <summary>Compares what a provider declares with what it is. Needs no started provider.</summary>
    /// <param name="provider">The provider.</param>
    /// <returns>A sentence for each fault; empty when there is none.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="provider"/> is null.</exception>
    public static IReadOnlyList<string> GetFaults(IProvider provider)
    {
        ArgumentNullException.ThrowIfNull(provider);
        return
        [
            .. Compare(provider, typeof(IStorage), provider is IStorageProvider, nameof(IStorageProvider)),
            .. Compare(provider, typeof(IMemoryStore), provider is IMemoryProvider, nameof(IMemoryProvider)),
        ];
    }

    /// <summary>Compares what a started provider declares of optional capabilities with what it offers.</summary>
    /// <param name="provider">The provider, initialised.</param>
    /// <returns>A sentence for each fault; empty when there is none.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="provider"/> is null.</exception>
    public static IReadOnlyList<string> GetFeatureFaults(IProvider provider)
    {
        ArgumentNullException.ThrowIfNull(provider);
        return
        [
            .. Known.Where(static known => !IsBasic(known)).Select(static known => known.Interface).Distinct()
                .SelectMany(type => Compare(provider, type, provider.GetFeature(type) is not null, type.Name)),
            .. provider is IStorageProvider { Storage: null }
                ? [$"Provider '{provider.Metadata.Name}' is initialised, but its Storage is null."] : Array.Empty<string>(),
            .. provider is IMemoryProvider { Store: null }
                ? [$"Provider '{provider.Metadata.Name}' is initialised, but its Store is null."] : Array.Empty<string>(),
        ];
    }

    private static bool IsBasic(KnownCapability known) =>
        known.Interface == typeof(IStorage) || known.Interface == typeof(IMemoryStore);

    private static IEnumerable<string> Compare(IProvider provider, Type type, bool isOffered, string offer)
    {
        var metadata = provider.Metadata;
        foreach (var known in Known.Where(known => known.Interface == type && Applies(known, metadata, isOffered)))
        {
            var isDeclared = metadata.Capabilities.Contains(known.Name);
            if (isDeclared && !isOffered)
            {
                yield return $"Provider '{metadata.Name}' ({metadata.Type.ToLabel()}) declares the capability '{known.Name}', "
                    + $"which means {type.Name}, but offers no {offer}.";
            }
            else if (isOffered && !isDeclared)
            {
                yield return $"Provider '{metadata.Name}' ({metadata.Type.ToLabel()}) offers {offer}, "
                    + $"but does not declare the capability '{known.Name}'.";
            }
        }
    }

    /// <summary>Who offers an interface is held to all of its names, whatever the type of the provider says.</summary>
    private static bool Applies(KnownCapability known, ProviderMetadata metadata, bool isOffered) =>
        isOffered || known.Type == metadata.Type || (known.Type is null
            && !Known.Any(other => other.Name == known.Name && other.Type == metadata.Type));
}
