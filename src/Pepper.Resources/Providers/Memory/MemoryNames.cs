using System.Text;

namespace Pepper.Resources.Providers;

/// <summary>What is a name, and what is a text.</summary>
internal static class MemoryNames
{
    internal static void Check(string? name, string what, string parameter)
    {
        ArgumentNullException.ThrowIfNull(name, parameter);
        if (name.Length == 0)
        {
            throw new ArgumentException($"{Sentence(what)} is empty; it needs at least one character.", parameter);
        }

        CheckText(name, what, parameter, MemoryLimits.NameBytes);
        var bytes = Encoding.UTF8.GetByteCount(name);
        if (bytes > MemoryLimits.NameBytes)
        {
            throw new ArgumentException(
                $"{Sentence(what)} has {bytes} bytes of UTF-8; at most {MemoryLimits.NameBytes} are allowed.", parameter);
        }
    }

    internal static void CheckText(string? text, string what, string parameter, int maxLength)
    {
        ArgumentNullException.ThrowIfNull(text, parameter);
        if (text.Length > maxLength)
        {
            throw new ArgumentException(
                $"{Sentence(what)} has {text.Length} characters; at most {maxLength} are allowed.", parameter);
        }

        if (text.Contains('\0', StringComparison.Ordinal))
        {
            throw new ArgumentException($"{Sentence(what)} holds U+0000, which no database keeps in a text.", parameter);
        }

        for (var index = 0; index < text.Length; index++)
        {
            if (char.IsSurrogate(text[index]))
            {
                if (index + 1 == text.Length || !char.IsSurrogatePair(text[index], text[index + 1]))
                {
                    throw new ArgumentException(
                        $"{Sentence(what)} is not well-formed: half a surrogate pair at {index}.", parameter);
                }

                index++;
            }
        }
    }

    private static string Sentence(string what) => char.ToUpperInvariant(what[0]) + what[1..];
}
