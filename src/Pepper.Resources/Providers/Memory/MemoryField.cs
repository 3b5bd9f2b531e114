using System.Globalization;

namespace Pepper.Resources.Providers;

/// <summary>What a <see cref="MemoryField"/> holds.</summary>
public enum MemoryFieldKind
{
    /// <summary>A text.</summary>
    Text = 0,

    /// <summary>A number.</summary>
    Number = 1,

    /// <summary>True or false.</summary>
    Boolean = 2,
}

/// <summary>
/// One value of an entry's metadata: a text, a number or a truth value. Immutable; two are equal when they hold the same of the
/// same kind. The default is an empty text.
/// </summary>
public readonly struct MemoryField : IEquatable<MemoryField>
{
    private readonly string? _text;
    private readonly double _number;

    private MemoryField(MemoryFieldKind kind, string? text, double number)
    {
        Kind = kind;
        _text = text;
        _number = number;
    }

    /// <summary>What it holds.</summary>
    public MemoryFieldKind Kind { get; }

    /// <summary>A text of at most 4,096 characters, well-formed and without U+0000.</summary>
    /// <param name="text">The text.</param>
    /// <exception cref="ArgumentException">It is no such text.</exception>
    public static MemoryField FromText(string text)
    {
        MemoryNames.CheckText(text, "a metadata text", nameof(text), MemoryLimits.FieldTextLength);
        return new MemoryField(MemoryFieldKind.Text, text, 0);
    }

    /// <summary>A finite number. Whole numbers are exact up to 2^53.</summary>
    /// <param name="number">The number.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is infinite or no number.</exception>
    public static MemoryField FromNumber(double number) => double.IsFinite(number)
        ? new MemoryField(MemoryFieldKind.Number, null, number == 0 ? 0 : number) // There is one zero, not two.
        : throw new ArgumentOutOfRangeException(nameof(number), number, $"A metadata number is {number}; it must be finite.");

    /// <summary>True or false.</summary>
    /// <param name="value">Which one.</param>
    public static MemoryField FromBoolean(bool value) => new(MemoryFieldKind.Boolean, null, value ? 1 : 0);

    /// <summary>The text.</summary>
    /// <exception cref="InvalidOperationException">It holds something else.</exception>
    public string AsText() => Kind == MemoryFieldKind.Text ? _text ?? string.Empty : throw Other(MemoryFieldKind.Text);

    /// <summary>The number.</summary>
    /// <exception cref="InvalidOperationException">It holds something else.</exception>
    public double AsNumber() => Kind == MemoryFieldKind.Number ? _number : throw Other(MemoryFieldKind.Number);

    /// <summary>The truth value.</summary>
    /// <exception cref="InvalidOperationException">It holds something else.</exception>
    public bool AsBoolean() => Kind == MemoryFieldKind.Boolean ? _number != 0 : throw Other(MemoryFieldKind.Boolean);

    /// <summary>
    /// How it compares: texts by code points, numbers by size; null for two truth values that differ, and for values of different
    /// kinds, as these have no order.
    /// </summary>
    /// <param name="other">The other value.</param>
    public int? CompareTo(MemoryField other) => (Kind, other.Kind) switch
    {
        (MemoryFieldKind.Text, MemoryFieldKind.Text) => CodePointOrder.Compare(AsText(), other.AsText()),
        (MemoryFieldKind.Number, MemoryFieldKind.Number) => _number.CompareTo(other._number),
        _ => Equals(other) ? 0 : null,
    };

    /// <inheritdoc/>
    public bool Equals(MemoryField other) =>
        Kind == other.Kind && _number.Equals(other._number) && (_text ?? string.Empty) == (other._text ?? string.Empty);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is MemoryField other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Kind, _number, _text ?? string.Empty);

    /// <summary>The value as people write it, in the invariant culture.</summary>
    public override string ToString() => Kind switch
    {
        MemoryFieldKind.Text => AsText(),
        MemoryFieldKind.Number => _number.ToString("R", CultureInfo.InvariantCulture),
        _ => _number != 0 ? "true" : "false",
    };

    /// <summary>As <see cref="FromText"/>.</summary>
    public static implicit operator MemoryField(string text) => FromText(text);

    /// <summary>As <see cref="FromNumber"/>.</summary>
    public static implicit operator MemoryField(double number) => FromNumber(number);

    /// <summary>As <see cref="FromBoolean"/>.</summary>
    public static implicit operator MemoryField(bool value) => FromBoolean(value);

    /// <summary>Whether both hold the same.</summary>
    public static bool operator ==(MemoryField left, MemoryField right) => left.Equals(right);

    /// <summary>Whether they hold different things.</summary>
    public static bool operator !=(MemoryField left, MemoryField right) => !left.Equals(right);

    private InvalidOperationException Other(MemoryFieldKind wanted) =>
        new($"The metadata value {this} is of the kind {Kind}, not {wanted}.");
}
