using System.Globalization;
using System.Text;
using Pepper.Resources.Providers;
using Pepper.Tests;

namespace Pepper.Benchmarks.Memories;

/// <summary>
/// Memory stores beside each other: how good their search is on a labelled set, how long operations take over many entries, and
/// whether one of two writers with one ETag wins.
/// </summary>
internal static class MemoriesCommand
{
    private static readonly MemoryRanking[] Rankings = [MemoryRanking.Text, MemoryRanking.Vector, MemoryRanking.Hybrid];

    internal static async Task<int> RunAsync(MemoriesOptions options, TextWriter output)
    {
        var folder = Directory.CreateTempSubdirectory("pepper-memories-");
        try
        {
            await using var cluster = PostgresCluster.ProgramsFolder is null ? null : await PostgresCluster.StartAsync();
            var subjects = await MemorySubject.AllAsync(folder, cluster);
            var text = new StringBuilder();
            void Say(string line)
            {
                text.Append(line).Append('\n');
                output.WriteLine(line);
            }

            Say("# Memories");
            Say("");
            Say(Report.Machine());
            Say("");
            if (cluster is null)
            {
                Say("PostgreSQL's server programs are not installed: it is left out.");
                Say("");
            }

            await SayQualityAsync(subjects, Say);
            await SayWritersAsync(subjects, options, Say);
            await SayLatencyAsync(subjects, options, Say);
            if (options.ResultsFolder is { } results)
            {
                Directory.CreateDirectory(results);
                await File.WriteAllTextAsync(Path.Combine(results, "memories.md"), text.ToString());
            }

            return 0;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task SayQualityAsync(IReadOnlyList<MemorySubject> subjects, Action<string> say)
    {
        var kinds = QualitySet.Queries.Select(static query => query.Kind).Distinct(StringComparer.Ordinal).ToList();
        say($"## Search quality: {QualitySet.Notes.Count} notes, {QualitySet.Queries.Count} questions");
        say("");
        say("Vectors are of hashed letter sequences, not of a model. Recall@10 / MRR@10.");
        say("");
        say($"| store | ranking | all | {string.Join(" | ", kinds)} |");
        say($"|---|---|---|{string.Concat(Enumerable.Repeat("---|", kinds.Count))}");
        foreach (var subject in subjects)
        {
            await using (subject)
            {
                var store = await subject.OpenAsync();
                await QualityRun.FillAsync(store);
                foreach (var ranking in Rankings)
                {
                    List<Quality> found = [await QualityRun.AskAsync(store, ranking)];
                    foreach (var kind in kinds)
                    {
                        found.Add(await QualityRun.AskAsync(store, ranking, kind));
                    }

                    say(string.Create(CultureInfo.InvariantCulture, $"| {subject.Name} | {ranking} | ") + string.Join(
                        " | ", found.Select(static one => string.Create(
                            CultureInfo.InvariantCulture, $"{one.Recall:0.000} / {one.ReciprocalRank:0.000}"))) + " |");
                }
            }
        }

        say("");
    }

    private static async Task SayWritersAsync(
        IReadOnlyList<MemorySubject> subjects, MemoriesOptions options, Action<string> say)
    {
        say($"## Two writers with one ETag, {options.Rounds} rounds");
        say("");
        say("| store | one won | both won | none won |");
        say("|---|---|---|---|");
        foreach (var subject in subjects)
        {
            await using (subject)
            {
                var winners = await TwoWriters.RunAsync(await subject.OpenAsync(), options.Rounds);
                say($"| {subject.Name} | {winners[1]} | {winners[2]} | {winners[0]} |");
            }
        }

        say("");
    }

    private static async Task SayLatencyAsync(
        IReadOnlyList<MemorySubject> subjects, MemoriesOptions options, Action<string> say)
    {
        say(string.Create(CultureInfo.InvariantCulture,
            $"## Latency over {options.Entries} entries, {options.Queries} calls each, one after another, vectors of 256"));
        say("");
        say("| store | operation | p50 ms | p99 ms |");
        say("|---|---|---|---|");
        foreach (var subject in subjects)
        {
            await using (subject)
            {
                var run = new LatencyRun(await subject.OpenAsync(), options.Entries, options.Queries);
                await run.FillAsync();
                say(string.Create(CultureInfo.InvariantCulture,
                    $"| {subject.Name} | batches of 1,000 puts: {run.LoadRate:0} entries/s | | |"));
                foreach (var (operation, median, ninetyNinth) in await run.MeasureAsync())
                {
                    say(string.Create(CultureInfo.InvariantCulture,
                        $"| {subject.Name} | {operation} | {median:0.000} | {ninetyNinth:0.000} |"));
                }
            }

            GC.Collect();
        }
    }
}
