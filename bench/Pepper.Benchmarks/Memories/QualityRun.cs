using Pepper.Resources.Providers;

namespace Pepper.Benchmarks.Memories;

/// <summary>How good a ranking is: means over questions.</summary>
/// <param name="Recall">Which part of the answers is among the first ten.</param>
/// <param name="ReciprocalRank">One divided by the rank of the first answer among the first ten; 0 when there is none.</param>
internal readonly record struct Quality(double Recall, double ReciprocalRank);

/// <summary>Asks a store all questions of the labelled set.</summary>
internal static class QualityRun
{
    private const int Shown = 10;
    private static readonly MemoryNamespace Notes = new("notes");

    internal static async Task FillAsync(IMemoryStore store) =>
        await store.BatchAsync([.. QualitySet.Notes.Select(static note => new MemoryPut(Notes, note.Key, note.Text))]);

    internal static async Task<Quality> AskAsync(IMemoryStore store, MemoryRanking ranking, string? kind = null)
    {
        double recall = 0, reciprocal = 0;
        var queries = QualitySet.Queries.Where(query => kind is null || query.Kind == kind).ToList();
        foreach (var query in queries)
        {
            var found = await store.SearchAsync(new MemorySearch { Text = query.Text, Ranking = ranking, Limit = Shown });
            var hits = found.Select(match => query.Answers.Contains(match.Entry.Key)).ToList();
            recall += (double)hits.Count(static hit => hit) / Math.Min(query.Answers.Count, Shown);
            reciprocal += hits.IndexOf(true) is var first and >= 0 ? 1.0 / (first + 1) : 0;
        }

        return new Quality(recall / queries.Count, reciprocal / queries.Count);
    }
}
