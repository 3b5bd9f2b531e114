using Pepper.Resources.Providers;

namespace Pepper.Benchmarks.Memories;

/// <summary>
/// Vectors of the three and four letters that follow each other in a text's words, hashed to 256 places. Deterministic and
/// without
/// a model: texts are near each other when their words are spelled alike, not when they mean the same.
/// </summary>
internal static class HashedNgrams
{
    internal const int Dimensions = 256;

    internal static ValueTask<IReadOnlyList<ReadOnlyMemory<float>>> EmbedAsync(
        IReadOnlyList<string> texts, CancellationToken cancellationToken) => new([.. texts.Select(Embed)]);

    internal static ReadOnlyMemory<float> Embed(string text)
    {
        var vector = new float[Dimensions];
        foreach (var term in MemoryText.Terms(text))
        {
            var word = $"<{term}>";
            for (var length = 3; length <= 4; length++)
            {
                for (var at = 0; at + length <= word.Length; at++)
                {
                    var hash = 2166136261u;
                    foreach (var letter in word.AsSpan(at, length))
                    {
                        hash = (hash ^ letter) * 16777619u;
                    }

                    // The sign from a bit that the place does not use: what falls together by chance cancels out on average.
                    vector[hash % Dimensions] += (hash >> 31) == 0 ? 1 : -1;
                }
            }
        }

        return vector;
    }
}
