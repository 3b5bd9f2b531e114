using FsCheck;
using FsCheck.Fluent;
using Pepper.Resources.Providers;

namespace Pepper.Resources.Tests.Providers.Memory;

public sealed class MemoryNamespaceTests
{
    private static readonly Gen<string> Segment = Gen.Elements("a", "b", "ab", "\u001F", "\u001E", "\u001Eu", "e", "u", " ", "é",
        "😀", "\uE000")
        .NonEmptyListOf().Select(parts => string.Concat(parts.Take(4)));

    private static readonly Gen<MemoryNamespace> Any = Segment.ListOf().Select(parts => new MemoryNamespace(parts.Take(5)));

    [Fact]
    public void Parse_OfAPath_GivesTheNamespace() => Prop.ForAll(
        Any.ToArbitrary(),
        ns => MemoryNamespace.Parse(ns.Path) == ns && MemoryNamespace.Parse(ns.Path).Segments.SequenceEqual(ns.Segments))
        .QuickCheckThrowOnFailure();

    [Fact]
    public void Contains_IsWhatTheSegmentsSay_AndWhatTheRangeOfThePathSays() => Prop.ForAll(
        Any.ToArbitrary(), Any.ToArbitrary(),
        (above, other) =>
        {
            foreach (var below in new[] { other, above.Append(other.Segments.Take(1)) })
            {
                var expected = below.Segments.Take(above.Depth).SequenceEqual(above.Segments);
                var inRange = CodePointOrder.Compare(below.Path, above.Path) >= 0
                    && (above.PathEnd is not { } end || CodePointOrder.Compare(below.Path, end) < 0);
                if (above.Contains(below) != expected || inRange != expected)
                {
                    return false;
                }
            }

            return true;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void CodePointOrder_IsThatOfBytesInUtf8() => Prop.ForAll(
        Segment.ToArbitrary(), Segment.ToArbitrary(),
        (left, right) => Math.Sign(CodePointOrder.Compare(left, right)) == Math.Sign(
            System.Text.Encoding.UTF8.GetBytes(left).AsSpan().SequenceCompareTo(System.Text.Encoding.UTF8.GetBytes(right))))
        .QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("a")]
    [InlineData("a\u001Fb")]
    public void Parse_OfWhatIsNoPath_Throws(string text) =>
        Assert.Throws<FormatException>(() => MemoryNamespace.Parse(text));

    [Fact]
    public void Constructor_OfTooManySegments_NamesTheLimit() =>
        Assert.Contains("32", Assert.Throws<ArgumentException>(
            () => new MemoryNamespace(Enumerable.Repeat("a", 33))).Message, StringComparison.Ordinal);

    [Fact]
    public void Order_IsTotal_WithNullFirst()
    {
        MemoryNamespace a = new("a"), same = new("a"), b = new("a", "b");

        Assert.True(a < b && b > a && a <= same && a >= same && a != b && a == same);
        Assert.True(null < a && a.CompareTo(null) > 0 && a != null);
        Assert.Equal(a.GetHashCode(), same.GetHashCode());
        Assert.True(MemoryNamespace.Root.Contains(a) && MemoryNamespace.Root.Depth == 0 && a.Truncate(0) == MemoryNamespace.Root);
        Assert.Equal("a/b", b.ToString());
    }
}
