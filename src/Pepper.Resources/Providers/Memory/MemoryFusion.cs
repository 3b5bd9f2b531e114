using System.Runtime.InteropServices;

namespace Pepper.Resources.Providers;

/// <summary>
/// Makes one ranking of one by words and one by vectors, by weighted reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR
/// 2009, with a weight for each ranking). Immutable, hence safe from any thread.
/// </summary>
public sealed class MemoryFusion
{
    // As many as a page has by default: what finds no more than that crowds nothing out.
    private const int NeverCommon = 10;

    private readonly MemoryFusionOptions _options;

    /// <summary>Makes one.</summary>
    /// <param name="options">Copied; null: the defaults.</param>
    /// <exception cref="ArgumentException">Options are out of range; the message lists all of them.</exception>
    public MemoryFusion(MemoryFusionOptions? options = null)
    {
        _options = options?.Copy() ?? new MemoryFusionOptions();
        if (_options.GetFaults() is { Count: > 0 } faults)
        {
            throw new ArgumentException($"{nameof(MemoryFusionOptions)}: {string.Join(' ', faults)}", nameof(options));
        }
    }

    /// <summary>The words of a query that take part: all that are not common, or all of them when there is no other.</summary>
    /// <typeparam name="T">What stands for a word.</typeparam>
    /// <param name="words">The words of the query, with those that no text has.</param>
    /// <param name="countOf">In how many texts a word is.</param>
    /// <param name="texts">How many texts there are.</param>
    /// <returns>Those words, in the same order.</returns>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    public IReadOnlyList<T> Telling<T>(IReadOnlyList<T> words, Func<T, long> countOf, long texts)
    {
        ArgumentNullException.ThrowIfNull(words);
        ArgumentNullException.ThrowIfNull(countOf);
        List<T> telling = [.. words.Where(word =>
            countOf(word) is var count && (count <= NeverCommon || count <= _options.CommonWordShare * texts))];
        return telling.Count > 0 ? telling : words;
    }

    /// <summary>One ranking of two: each entry scores the sum of weight / (k + its rank from 1).</summary>
    /// <param name="text">The ranking by words, the best first.</param>
    /// <param name="vector">The ranking by vectors, the best first.</param>
    /// <returns>The entries of both, the best first; of equal scores the lesser id first.</returns>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    public IReadOnlyList<MemoryRank> Fuse(IReadOnlyList<MemoryRank> text, IReadOnlyList<MemoryRank> vector)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(vector);
        Dictionary<long, double> scores = [];
        Add(text, _options.TextWeight);
        Add(vector, _options.VectorWeight);
        var all = new MemoryRanks(scores.Count);
        foreach (var (id, score) in scores)
        {
            all.Add(id, score);
        }

        return all.ToList();

        void Add(IReadOnlyList<MemoryRank> ranking, double weight)
        {
            for (var index = 0; index < ranking.Count; index++)
            {
                CollectionsMarshal.GetValueRefOrAddDefault(scores, ranking[index].Id, out _) +=
                    weight / (_options.RankConstant + index + 1);
            }
        }
    }
}
