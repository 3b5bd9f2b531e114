namespace Pepper.Resources.Providers;

/// <summary>How a filter compares.</summary>
public enum MemoryComparison
{
    /// <summary>The field is there and is the value.</summary>
    Equal = 0,

    /// <summary>The field is not there, or is something else.</summary>
    NotEqual = 1,

    /// <summary>The field is of the value's kind and greater.</summary>
    Greater = 2,

    /// <summary>The field is of the value's kind and greater, or the same.</summary>
    GreaterOrEqual = 3,

    /// <summary>The field is of the value's kind and less.</summary>
    Less = 4,

    /// <summary>The field is of the value's kind and less, or the same.</summary>
    LessOrEqual = 5,
}

/// <summary>
/// A condition on one field of the metadata. A field that is not there is different from every value, and neither greater nor
/// less; so is a value of another kind. Texts are in the order of their code points. Immutable.
/// </summary>
public sealed record MemoryFilter
{
    /// <summary>Makes a filter.</summary>
    /// <param name="field">The name of the field, compared character by character.</param>
    /// <param name="comparison">How to compare.</param>
    /// <param name="value">What to compare with.</param>
    /// <exception cref="ArgumentException">The name is no name, or truth values are to be put in order.</exception>
    public MemoryFilter(string field, MemoryComparison comparison, MemoryField value)
    {
        MemoryNames.Check(field, "the name of a metadata field", nameof(field));
        if (!Enum.IsDefined(comparison))
        {
            throw new ArgumentOutOfRangeException(nameof(comparison), comparison, "There is no such comparison.");
        }

        if (value.Kind == MemoryFieldKind.Boolean && comparison is not (MemoryComparison.Equal or MemoryComparison.NotEqual))
        {
            throw new ArgumentException(
                $"The filter on '{field}' compares truth values by {comparison}; they are the same or not, and have no order.",
                nameof(comparison));
        }

        Field = field;
        Comparison = comparison;
        Value = value;
    }

    /// <summary>The name of the field.</summary>
    public string Field { get; }

    /// <summary>How to compare.</summary>
    public MemoryComparison Comparison { get; }

    /// <summary>What to compare with.</summary>
    public MemoryField Value { get; }

    /// <summary>The field is the value.</summary>
    /// <param name="field">The name of the field.</param>
    /// <param name="value">What to compare with.</param>
    public static MemoryFilter Equal(string field, MemoryField value) => new(field, MemoryComparison.Equal, value);

    /// <summary>The field is not the value, or not there.</summary>
    /// <param name="field">The name of the field.</param>
    /// <param name="value">What to compare with.</param>
    public static MemoryFilter NotEqual(string field, MemoryField value) => new(field, MemoryComparison.NotEqual, value);

    /// <summary>The field is greater than the value.</summary>
    /// <param name="field">The name of the field.</param>
    /// <param name="value">What to compare with.</param>
    public static MemoryFilter Greater(string field, MemoryField value) => new(field, MemoryComparison.Greater, value);

    /// <summary>The field is the value or greater.</summary>
    /// <param name="field">The name of the field.</param>
    /// <param name="value">What to compare with.</param>
    public static MemoryFilter GreaterOrEqual(string field, MemoryField value) =>
        new(field, MemoryComparison.GreaterOrEqual, value);

    /// <summary>The field is less than the value.</summary>
    /// <param name="field">The name of the field.</param>
    /// <param name="value">What to compare with.</param>
    public static MemoryFilter Less(string field, MemoryField value) => new(field, MemoryComparison.Less, value);

    /// <summary>The field is the value or less.</summary>
    /// <param name="field">The name of the field.</param>
    /// <param name="value">What to compare with.</param>
    public static MemoryFilter LessOrEqual(string field, MemoryField value) => new(field, MemoryComparison.LessOrEqual, value);

    /// <summary>Whether metadata fulfil this condition.</summary>
    /// <param name="metadata">The metadata of an entry.</param>
    public bool Matches(IReadOnlyDictionary<string, MemoryField> metadata)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        var order = metadata.TryGetValue(Field, out var field) ? field.CompareTo(Value) : null;
        return Comparison switch
        {
            MemoryComparison.Equal => order == 0,
            MemoryComparison.NotEqual => order != 0,
            MemoryComparison.Greater => order > 0,
            MemoryComparison.GreaterOrEqual => order >= 0,
            MemoryComparison.Less => order < 0,
            _ => order <= 0,
        };
    }
}
