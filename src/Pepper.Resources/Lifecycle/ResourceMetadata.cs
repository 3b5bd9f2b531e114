using System.Collections.Frozen;

namespace Pepper.Resources;

/// <summary>What is known of a resource apart from what it does. Immutable, hence safe from any thread.</summary>
public sealed record ResourceMetadata
{
    /// <summary>The longest id that is accepted, in characters.</summary>
    public const int MaxIdLength = 256;

    private readonly string _id = Guid.NewGuid().ToString("N");
    private readonly string _owner = "system";
    private readonly TimeSpan? _timeToLive;
    private readonly IReadOnlyDictionary<string, string> _labels = FrozenDictionary<string, string>.Empty;

    /// <summary>
    /// The name by which the resource is registered and found: 1 to 256 characters. Default: 32 random hexadecimal digits.
    /// </summary>
    /// <exception cref="ArgumentException">The value is empty, blank or too long.</exception>
    public string Id
    {
        get => _id;
        init
        {
            ArgumentException.ThrowIfNullOrWhiteSpace(value, nameof(Id));
            if (value.Length > MaxIdLength)
            {
                throw new ArgumentException(
                    $"A resource's Id has at most {MaxIdLength} characters; '{value[..32]}…' has {value.Length}.", nameof(Id));
            }

            _id = value;
        }
    }

    /// <summary>What sort of thing it is.</summary>
    public required ResourceType Type { get; init; }

    /// <summary>
    /// When it was made, as its time provider's wall clock had it. Default: when its <see cref="Resource"/> is constructed.
    /// </summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>Who answers for it. Default: <c>system</c>.</summary>
    /// <exception cref="ArgumentException">The value is empty or blank.</exception>
    public string Owner
    {
        get => _owner;
        init
        {
            ArgumentException.ThrowIfNullOrWhiteSpace(value, nameof(Owner));
            _owner = value;
        }
    }

    /// <summary>How long it lives after its last use. Default: <c>null</c>, for ever. Greater than zero.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is zero or negative.</exception>
    public TimeSpan? TimeToLive
    {
        get => _timeToLive;
        init
        {
            if (value is { } given && given <= TimeSpan.Zero)
            {
                throw new ArgumentOutOfRangeException(
                    nameof(TimeToLive), value,
                    "A resource's TimeToLive is greater than zero, or null for one that never expires.");
            }

            _timeToLive = value;
        }
    }

    /// <summary>Free labels. The dictionary given is copied. Default: none.</summary>
    /// <exception cref="ArgumentNullException">The value is null.</exception>
    public IReadOnlyDictionary<string, string> Labels
    {
        get => _labels;
        init
        {
            ArgumentNullException.ThrowIfNull(value, nameof(Labels));
            _labels = value as FrozenDictionary<string, string> ?? value.ToFrozenDictionary(StringComparer.Ordinal);
        }
    }
}
