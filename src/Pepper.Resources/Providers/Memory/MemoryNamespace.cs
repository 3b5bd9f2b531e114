using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Pepper.Resources.Providers;

/// <summary>
/// Where an entry is kept: a list of segments, such as <c>users</c>, <c>ada</c>, <c>notes</c>. Immutable and safe to use from any
/// thread; two are equal when their segments are, character by character.
/// </summary>
public sealed class MemoryNamespace : IEquatable<MemoryNamespace>, IComparable<MemoryNamespace>
{
    // Ends each segment of a path. What a segment itself contains of these two is escaped.
    private const char End = '\u001F';
    private const char Escape = '\u001E';
    private const char AfterEnd = '\u0020';

    private readonly string[] _segments;

    /// <summary>Makes a namespace.</summary>
    /// <param name="segments">
    /// The segments from the top down; none: the root. Each at least one character, all together at most 1,024 bytes of UTF-8, at
    /// most 32 of them.
    /// </param>
    /// <exception cref="ArgumentException">A segment is empty, malformed or holds U+0000, or they exceed a limit.</exception>
    public MemoryNamespace(params IEnumerable<string> segments)
        : this([.. segments ?? throw new ArgumentNullException(nameof(segments))], null)
    {
        if (_segments.Length > MemoryLimits.Segments)
        {
            throw new ArgumentException(
                $"A namespace of {_segments.Length} segments; at most {MemoryLimits.Segments} are allowed.", nameof(segments));
        }

        foreach (var segment in _segments)
        {
            MemoryNames.Check(segment, "a segment of a namespace", nameof(segments));
        }

        var bytes = Encoding.UTF8.GetByteCount(Path);
        if (bytes > MemoryLimits.NameBytes)
        {
            throw new ArgumentException(
                $"The segments of a namespace have {bytes} bytes of UTF-8; at most {MemoryLimits.NameBytes} are allowed.",
                nameof(segments));
        }
    }

    private MemoryNamespace(string[] segments, string? path)
    {
        _segments = segments;
        Path = path ?? string.Concat(segments.Select(static segment => Escaped(segment) + End));
    }

    /// <summary>The namespace above all others. It holds no entries itself.</summary>
    public static MemoryNamespace Root { get; } = new([], string.Empty);

    /// <summary>The segments, from the top down.</summary>
    public IReadOnlyList<string> Segments => _segments;

    /// <summary>How many segments there are.</summary>
    public int Depth => _segments.Length;

    /// <summary>
    /// One text for the whole, made for stores: one namespace lies below another exactly when its path begins with the other's,
    /// in which <c>["a"]</c> is no beginning of <c>["ab"]</c>. <see cref="Parse"/> reads it.
    /// </summary>
    public string Path { get; }

    /// <summary>
    /// The least text, compared by code points, that comes after the paths of this namespace and all below it; null for the
    /// root, after which there is none. With <see cref="Path"/> it makes a range, in which no character is a wildcard.
    /// </summary>
    public string? PathEnd => Path.Length == 0 ? null : string.Concat(Path.AsSpan(0, Path.Length - 1), [AfterEnd]);

    /// <summary>Reads a <see cref="Path"/>.</summary>
    /// <param name="path">What <see cref="Path"/> gave.</param>
    /// <exception cref="FormatException">It is not a path.</exception>
    public static MemoryNamespace Parse(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (path.Length == 0)
        {
            return Root;
        }

        if (path[^1] != End)
        {
            throw new FormatException("A namespace's path ends with U+001F; this one does not.");
        }

        var segments = path[..^1].Split(End);
        for (var index = 0; index < segments.Length; index++)
        {
            segments[index] = Unescaped(segments[index]);
        }

        return new MemoryNamespace(segments, path);
    }

    /// <summary>The namespace below this one that has one or more segments more.</summary>
    /// <param name="segments">The segments to append.</param>
    /// <exception cref="ArgumentException">As the constructor has it.</exception>
    public MemoryNamespace Append(params IEnumerable<string> segments) =>
        new(_segments.Concat(segments ?? throw new ArgumentNullException(nameof(segments))));

    /// <summary>Whether this is a prefix of the other, segment by segment, or the same.</summary>
    /// <param name="other">The namespace that may lie below this one.</param>
    public bool Contains(MemoryNamespace other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return other.Path.StartsWith(Path, StringComparison.Ordinal);
    }

    /// <summary>The namespace's first segments; itself when it has no more than these.</summary>
    /// <param name="depth">How many; 0 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">The depth is negative.</exception>
    public MemoryNamespace Truncate(int depth)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(depth);
        return depth >= Depth ? this : new MemoryNamespace(_segments[..depth], null);
    }

    /// <summary>Whether the last segments of this namespace are those of the other.</summary>
    /// <param name="suffix">The segments to look for; the root: always true.</param>
    public bool EndsWith(MemoryNamespace suffix)
    {
        ArgumentNullException.ThrowIfNull(suffix);
        return suffix.Depth <= Depth && _segments.AsSpan(Depth - suffix.Depth).SequenceEqual(suffix._segments);
    }

    /// <summary>In order of their paths, by code points.</summary>
    /// <param name="other">The other one; null comes first.</param>
    public int CompareTo(MemoryNamespace? other) => other is null ? 1 : CodePointOrder.Compare(Path, other.Path);

    /// <inheritdoc/>
    public bool Equals([NotNullWhen(true)] MemoryNamespace? other) => other is not null && Path == other.Path;

    /// <inheritdoc/>
    public override bool Equals([NotNullWhen(true)] object? obj) => Equals(obj as MemoryNamespace);

    /// <inheritdoc/>
    public override int GetHashCode() => Path.GetHashCode(StringComparison.Ordinal);

    /// <summary>The segments with slashes between them, for people: it cannot be read back.</summary>
    public override string ToString() => Depth == 0 ? "(root)" : string.Join('/', _segments);

    /// <summary>Whether both are the same namespace.</summary>
    public static bool operator ==(MemoryNamespace? left, MemoryNamespace? right) => left?.Equals(right) ?? right is null;

    /// <summary>Whether they are different namespaces.</summary>
    public static bool operator !=(MemoryNamespace? left, MemoryNamespace? right) => !(left == right);

    /// <summary>Whether the left comes first.</summary>
    public static bool operator <(MemoryNamespace? left, MemoryNamespace? right) => Compare(left, right) < 0;

    /// <summary>Whether the left comes first, or both are the same.</summary>
    public static bool operator <=(MemoryNamespace? left, MemoryNamespace? right) => Compare(left, right) <= 0;

    /// <summary>Whether the right comes first.</summary>
    public static bool operator >(MemoryNamespace? left, MemoryNamespace? right) => Compare(left, right) > 0;

    /// <summary>Whether the right comes first, or both are the same.</summary>
    public static bool operator >=(MemoryNamespace? left, MemoryNamespace? right) => Compare(left, right) >= 0;

    private static int Compare(MemoryNamespace? left, MemoryNamespace? right) =>
        left is null ? (right is null ? 0 : -1) : left.CompareTo(right);

    private static string Escaped(string segment) => segment?.AsSpan().IndexOfAny(End, Escape) is null or < 0
        ? segment!
        : segment.Replace($"{Escape}", $"{Escape}e", StringComparison.Ordinal)
            .Replace($"{End}", $"{Escape}u", StringComparison.Ordinal);

    private static string Unescaped(string text) => !text.Contains(Escape, StringComparison.Ordinal)
        ? text
        : text.Replace($"{Escape}u", $"{End}", StringComparison.Ordinal)
            .Replace($"{Escape}e", $"{Escape}", StringComparison.Ordinal);
}
