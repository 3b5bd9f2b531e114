using System.Globalization;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Pepper.Resources.Providers;

namespace Pepper.Resources.Tests.Providers.Memory;

public sealed class MemoryTextTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("The kettle, the STOVE!", "the kettle the stove")]
    [InlineData("foo_bar-baz don't 3.14", "foo bar baz don t 3 14")]
    [InlineData("Élan cafe\u0301 ÅNGSTRÖM ﬁne", "elan cafe angstrom fine")]
    [InlineData("東京x都", "東 京 東京 x 都")]
    [InlineData("हिन्दी 한국어", "हिन्दी 한국어")]
    [InlineData("😀 👩‍👧", "")]
    [InlineData("'a' | 'b' & (c:*)", "a b c")]
    public void Terms_OfAText(string text, string terms) => Assert.Equal(terms, string.Join(' ', MemoryText.Terms(text)));

    [Fact]
    public void Terms_OfALongRun_AreCut_NotThroughACharacter()
    {
        var letter = "\U00010330";
        var term = Assert.Single(MemoryText.Terms("a" + string.Concat(Enumerable.Repeat(letter, 100))));

        Assert.Equal(MemoryText.MaxTermLength - 1, term.Length);
        Assert.EndsWith(letter, term, StringComparison.Ordinal);
    }

    [Fact]
    public void Terms_OfAnyText_AreLettersDigitsAndMarks_AndAreTheirOwnTerms() => Prop.ForAll(
        ArbMap.Default.ArbFor<NonNull<string>>().Filter(static text => IsWellFormed(text.Get)),
        text =>
        {
            var terms = MemoryText.Terms(text.Get);
            return terms.All(static term => term.Length > 0 && term.EnumerateRunes().All(static rune =>
                Rune.IsLetterOrDigit(rune) || Rune.GetUnicodeCategory(rune)
                    is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark
                    or UnicodeCategory.OtherNumber or UnicodeCategory.LetterNumber));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void QueryTerms_AreDistinct_AndNotTooMany()
    {
        Assert.Equal(["b", "a"], MemoryText.QueryTerms("b a B a"));
        Assert.Equal(MemoryText.MaxQueryTerms, MemoryText.QueryTerms(string.Join(' ', Enumerable.Range(0, 999))).Count);
    }

    [Fact]
    public void CountTerms_CountsEach() =>
        Assert.Equal([("a", 2), ("b", 1)], MemoryText.CountTerms("a b A").Select(static one => (one.Key, one.Value)).Order());

    private static bool IsWellFormed(string text)
    {
        for (var at = 0; at < text.Length; at++)
        {
            if (char.IsSurrogate(text[at]) && (at + 1 == text.Length || !char.IsSurrogatePair(text[at], text[++at])))
            {
                return false;
            }
        }

        return true;
    }
}
