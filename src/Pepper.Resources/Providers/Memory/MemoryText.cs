using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Pepper.Resources.Providers;

/// <summary>
/// Takes texts apart into the terms that stores index. All stores of Pepper use this, so that a query finds the same everywhere,
/// and so that a database's own query language never sees a character of a text.
/// </summary>
/// <remarks>
/// A term is a run of letters, digits and the marks on them, in lower case, in Unicode's compatibility form and without Latin,
/// Greek and Cyrillic accents: <c>Élan</c> is <c>elan</c>. Chinese and Japanese, which put no spaces between words, yield each
/// character and each two neighbours. There is no list of stop words, as BM25 gives common words little weight, and no stemming,
/// as the language is not known. Pure and thread safe.
/// </remarks>
public static class MemoryText
{
    /// <summary>The most UTF-16 units of a term; longer runs are cut.</summary>
    public const int MaxTermLength = 64;

    /// <summary>The most terms of a query; what follows them is not looked for.</summary>
    public const int MaxQueryTerms = 256;

    /// <summary>The terms of a text in their order, repeated as they are.</summary>
    /// <param name="text">Any well-formed text.</param>
    public static IReadOnlyList<string> Terms(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        List<string> terms = [];
        var folded = Fold(text);
        var start = -1;
        var previous = -1;
        var at = 0;
        foreach (var rune in folded.EnumerateRunes())
        {
            var isIdeograph = IsIdeograph(rune.Value);
            if (isIdeograph || !IsPartOfTerm(rune))
            {
                AddRun(terms, folded, ref start, at);
            }
            else if (start < 0)
            {
                start = at;
            }

            if (isIdeograph)
            {
                terms.Add(rune.ToString());
                if (previous >= 0)
                {
                    terms.Add(folded[previous..(at + rune.Utf16SequenceLength)]);
                }
            }

            previous = isIdeograph ? at : -1;
            at += rune.Utf16SequenceLength;
        }

        AddRun(terms, folded, ref start, at);
        return terms;
    }

    /// <summary>The terms of a query: those of a text, each once, at most the first <see cref="MaxQueryTerms"/>.</summary>
    /// <param name="text">Any well-formed text.</param>
    public static IReadOnlyList<string> QueryTerms(string text) =>
        [.. Terms(text).Distinct(StringComparer.Ordinal).Take(MaxQueryTerms)];

    /// <summary>The terms of a text, each with how often it is there.</summary>
    /// <param name="text">Any well-formed text.</param>
    public static IReadOnlyDictionary<string, int> CountTerms(string text)
    {
        Dictionary<string, int> counts = new(StringComparer.Ordinal);
        foreach (var term in Terms(text))
        {
            CollectionsMarshal.GetValueRefOrAddDefault(counts, term, out _)++;
        }

        return counts;
    }

    private static void AddRun(List<string> terms, string folded, ref int start, int end)
    {
        if (start >= 0)
        {
            var length = Math.Min(end - start, MaxTermLength);
            // A cut must not go through a character.
            length -= char.IsHighSurrogate(folded[start + length - 1]) ? 1 : 0;
            terms.Add(folded.Substring(start, length));
            start = -1;
        }
    }

    private static string Fold(string text)
    {
        if (Ascii.IsValid(text))
        {
            return text.ToLowerInvariant();
        }

        var decomposed = text.Normalize(NormalizationForm.FormKD);
        var kept = new StringBuilder(decomposed.Length);
        foreach (var letter in decomposed)
        {
            // The combining diacritical marks, which Latin, Greek and Cyrillic use; those of other scripts make the word.
            if (letter is not (>= '\u0300' and <= '\u036F'))
            {
                kept.Append(letter);
            }
        }

        return kept.ToString().ToLowerInvariant().Normalize(NormalizationForm.FormC);
    }

    private static bool IsPartOfTerm(Rune rune) => Rune.GetUnicodeCategory(rune) is
        UnicodeCategory.LowercaseLetter or UnicodeCategory.UppercaseLetter or UnicodeCategory.TitlecaseLetter
        or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter or UnicodeCategory.DecimalDigitNumber
        or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber or UnicodeCategory.NonSpacingMark
        or UnicodeCategory.SpacingCombiningMark;

    // Han with its extensions and compatibility forms, hiragana and katakana.
    private static bool IsIdeograph(int value) => value is (>= 0x3400 and <= 0x9FFF) or (>= 0xF900 and <= 0xFAFF)
        or (>= 0x3041 and <= 0x30FF) or (>= 0x20000 and <= 0x3FFFF);
}
