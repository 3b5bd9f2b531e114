using System.Collections.Frozen;

namespace Pepper.Resources.Providers;

/// <summary>What is known of a provider apart from what it does. Immutable, hence safe from any thread.</summary>
public sealed record ProviderMetadata
{
    /// <summary>The longest name that is accepted, in characters.</summary>
    public const int MaxNameLength = 128;

    /// <summary>The name by which the provider is registered and found: 1 to 128 characters, not blank.</summary>
    /// <exception cref="ArgumentException">The value is empty, blank or too long.</exception>
    public required string Name
    {
        get;
        init
        {
            ArgumentException.ThrowIfNullOrWhiteSpace(value, nameof(Name));
            if (value.Length > MaxNameLength)
            {
                throw new ArgumentException(
                    $"A provider's Name has at most {MaxNameLength} characters; '{value[..32]}…' has {value.Length}.",
                        nameof(Name));
            }

            field = value;
        }
    }

    /// <summary>What sort of thing it provides.</summary>
    public required ProviderType Type { get; init; }

    /// <summary>What it is for, in words for people. Default: empty.</summary>
    public string Description { get; init; } = string.Empty;

    /// <summary>The version of the provider's code. Default: <c>1.0</c>.</summary>
    public string Version { get; init; } = "1.0";

    /// <summary>
    /// What it can do. A name in <see cref="ProviderCapabilities.Known"/> means an interface, and is held to it; other names
    /// are free labels. The set given is copied. Default: none.
    /// </summary>
    /// <exception cref="ArgumentNullException">The value is null.</exception>
    public IReadOnlySet<string> Capabilities
    {
        get;
        init => field = Copy(value, nameof(Capabilities));
    } = FrozenSet<string>.Empty;

    /// <summary>
    /// The names of providers that must run before this one starts, and that stop after it. The set given is copied. Default:
    /// none.
    /// </summary>
    /// <exception cref="ArgumentNullException">The value is null.</exception>
    public IReadOnlySet<string> DependsOn
    {
        get;
        init => field = Copy(value, nameof(DependsOn));
    } = FrozenSet<string>.Empty;

    /// <summary>Free labels. The dictionary given is copied. Default: none.</summary>
    /// <exception cref="ArgumentNullException">The value is null.</exception>
    public IReadOnlyDictionary<string, string> Labels
    {
        get;
        init
        {
            ArgumentNullException.ThrowIfNull(value, nameof(Labels));
            field = value as FrozenDictionary<string, string> ?? value.ToFrozenDictionary(StringComparer.Ordinal);
        }
    } = FrozenDictionary<string, string>.Empty;

    /// <summary>The metadata of a provider, for those who write one.</summary>
    /// <param name="name">Its <see cref="Name"/>.</param>
    /// <param name="type">Its <see cref="Type"/>.</param>
    /// <param name="description">Its <see cref="Description"/>.</param>
    /// <param name="capabilities">Its <see cref="Capabilities"/>.</param>
    /// <returns>The metadata; change with <c>with</c> what else is to be said.</returns>
    /// <exception cref="ArgumentException">The name is no provider's name.</exception>
    public static ProviderMetadata Create(
        string name, ProviderType type, string description, params ReadOnlySpan<string> capabilities) => new()
        {
            Name = name,
            Type = type,
            Description = description,
            Capabilities = FrozenSet.Create(StringComparer.Ordinal, capabilities),
        };

    private static FrozenSet<string> Copy(IReadOnlySet<string> value, string name)
    {
        ArgumentNullException.ThrowIfNull(value, name);
        return value as FrozenSet<string> ?? value.ToFrozenSet(StringComparer.Ordinal);
    }
}
