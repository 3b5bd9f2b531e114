using System.Buffers;

namespace Pepper.Resources.Providers;

/// <summary>
/// A query's ranking by BM25 (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009; k1 = 1.2 and b = 0.75, and
/// the weight of a term as in Lucene, which is never negative).
/// </summary>
internal sealed class MemoryTextRanking(
    IReadOnlyList<(double Weight, MemoryPosting[] Postings)> terms, int slots, int texts, double averageLength)
{
    private const double Saturation = 1.2;
    private const double LengthWeight = 0.75;
    private const int CancellationInterval = 4_096;

    /// <summary>The ranking by those words alone that take part in a fusion.</summary>
    internal MemoryTextRanking Telling(MemoryFusion fusion) => new(
        fusion.Telling(terms, static term => term.Postings.Length, texts), slots, texts, averageLength);

    /// <summary>The records that pass, each with its score.</summary>
    internal void Rank(
        Func<MemoryRecord, bool> passes, Action<MemoryRecord, double> add, CancellationToken cancellationToken)
    {
        var scores = ArrayPool<double>.Shared.Rent(slots);
        try
        {
            // Minus one: the record was looked at and does not pass.
            Array.Clear(scores, 0, slots);
            List<MemoryRecord> found = [];
            foreach (var (weight, postings) in terms)
            {
                for (var at = 0; at < postings.Length; at++)
                {
                    if (at % CancellationInterval == 0)
                    {
                        cancellationToken.ThrowIfCancellationRequested();
                    }

                    var (record, count) = postings[at];
                    ref var score = ref scores[record.Slot];
                    if (score == 0)
                    {
                        if (!passes(record))
                        {
                            score = -1;
                            continue;
                        }

                        found.Add(record);
                    }

                    if (score >= 0)
                    {
                        var norm = 1 - LengthWeight + (LengthWeight * record.Length / averageLength);
                        score += weight * count * (Saturation + 1) / (count + (Saturation * norm));
                    }
                }
            }

            foreach (var record in found)
            {
                add(record, scores[record.Slot]);
            }
        }
        finally
        {
            ArrayPool<double>.Shared.Return(scores);
        }
    }
}
