using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pepper.Benchmarks;

/// <summary>Results as a table, as Markdown and as JSON.</summary>
internal static class Report
{
    private static readonly (string Heading, int Width, Func<Result, double?> Pick)[] Always =
    [
        ("ns/op", 9, static result => result.NsPerOp),
        ("kops/s", 9, static result => result.KopsPerSec),
        ("p99 µs", 9, static result => result.P99us),
        ("p99.9 µs", 9, static result => result.P999us),
        ("B/op", 8, static result => result.BytesPerOp),
        ("to Pepper", 10, static result => result.RatioToPepper),
    ];

    /// <summary>Columns of a few scenarios: the others do without them.</summary>
    private static readonly (string Heading, int Width, Func<Result, double?> Pick)[] Sometimes =
    [
        ("turns", 7, static result => result.Turns),
        ("utilisation %", 14, static result => result.UtilisationPercent),
        ("hold µs", 9, static result => result.HoldUs),
    ];

    /// <summary>What it ran on and when: figures of different machines do not compare.</summary>
    internal static string Machine(string how = "medians, peers in turn") => string.Create(
        CultureInfo.InvariantCulture,
        $"{Environment.ProcessorCount} processors{Model()}, {RuntimeInformation.OSArchitecture}, "
        + $"{RuntimeInformation.FrameworkDescription}, "
        + $"{(System.Runtime.GCSettings.IsServerGC ? "server" : "workstation")} GC; {how}; "
        + $"{TimeProvider.System.GetUtcNow():yyyy-MM-dd}");

    internal static async Task WriteTableAsync(TextWriter output, IReadOnlyList<Result> results)
    {
        var columns = Columns(results);
        await output.WriteLineAsync($"\n{results[0].Scenario}");
        await output.WriteLineAsync(
            $"  {"",-44} {string.Join(' ', columns.Select(static column => column.Heading.PadLeft(column.Width)))}");
        foreach (var result in results)
        {
            var cells = columns.Select(column => Number(column.Pick(result)).PadLeft(column.Width));
            await output.WriteLineAsync($"  {result.Peer,-44} {string.Join(' ', cells)}");
        }

        if (Holding.Verdict(results) is { } verdict)
        {
            await output.WriteLineAsync("  " + verdict);
        }
    }

    internal static async Task WriteMarkdownAsync(string folder, IReadOnlyList<Result> results)
    {
        Directory.CreateDirectory(folder);
        var text = new StringBuilder("# The pool and its peers\n\n").Append(Machine()).Append('\n');
        foreach (var scenario in results.GroupBy(static result => result.Scenario))
        {
            Result[] rows = [.. scenario];
            var columns = Columns(rows);
            text.Append(CultureInfo.InvariantCulture, $"\n## {scenario.Key}\n\n");
            text.Append("| peer | version | ").AppendJoin(" | ", columns.Select(static column => column.Heading)).Append(" |\n");
            text.Append('|').Insert(text.Length, "---|", columns.Count + 2).Append('\n');
            foreach (var row in rows)
            {
                var cells = columns.Select(column => Number(column.Pick(row)));
                text.Append("| ").AppendJoin(" | ", [row.Peer, row.Version, .. cells]).Append(" |\n");
            }

            if (Holding.Verdict(rows) is { } verdict)
            {
                text.Append(CultureInfo.InvariantCulture, $"\n{verdict}\n");
            }
        }

        await File.WriteAllTextAsync(Path.Combine(folder, "compare.md"), text.ToString());
    }

    internal static async Task WriteJsonAsync(string file, IReadOnlyList<Result> results)
    {
        await using var stream = File.Create(file);
        await JsonSerializer.SerializeAsync(stream, results, ResultJson.Default.IReadOnlyListResult);
    }

    private static List<(string Heading, int Width, Func<Result, double?> Pick)> Columns(IReadOnlyList<Result> results) =>
        [.. Always, .. Sometimes.Where(column => results.Any(result => column.Pick(result) is not null))];

    /// <summary>The processor's name, where the system tells it in a file.</summary>
    private static string Model()
    {
        const string file = "/proc/cpuinfo";
        var line = File.Exists(file)
            ? File.ReadLines(file).FirstOrDefault(static one => one.StartsWith("model name", StringComparison.Ordinal))
            : null;
        return line is null ? string.Empty : $" ({line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim()})";
    }

    private static string Number(double? value) => value switch
    {
        null => string.Empty,
        >= 1000 => value.Value.ToString("0", CultureInfo.InvariantCulture),
        >= 100 => value.Value.ToString("0.0", CultureInfo.InvariantCulture),
        _ => value.Value.ToString("0.00", CultureInfo.InvariantCulture),
    };
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(IReadOnlyList<Result>))]
internal sealed partial class ResultJson : JsonSerializerContext;
