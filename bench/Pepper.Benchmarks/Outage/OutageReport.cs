using System.Globalization;
using System.Text;

namespace Pepper.Benchmarks;

/// <summary>What became of the contenders, as tables for the screen and as Markdown.</summary>
internal static class OutageReport
{
    private static readonly (string Heading, Func<OutageFigures, string> Pick)[] Columns =
    [
        ("answers/s before", static figures => Number(figures.PerSecondBefore)),
        ("meanwhile", static figures => Number(figures.PerSecondDuring)),
        ("first failure, ms", static figures => Number(figures.FirstFailure?.TotalMilliseconds)),
        ("failures", static figures => Number(figures.Failures)),
        ("wait p50, ms", static figures => Number(figures.WaitMedian)),
        ("p99", static figures => Number(figures.WaitP99)),
        ("max", static figures => Number(figures.WaitMax)),
        ("whole timeout", static figures => Number(figures.WholeWaits)),
        ("connects/s", static figures => Number(figures.AttemptsPerSecond)),
        ("max", static figures => Number(figures.AttemptsInASecond)),
        ("full again, s", static figures => Number(figures.FullAfter?.TotalSeconds)),
        ("wrong", static figures => Number(figures.Wrong)),
        ("leaked", static figures => figures.Leaked),
    ];

    /// <summary>What it ran on and when.</summary>
    internal static string Machine() => Report.Machine("contenders in turn, once each");

    internal static string Settings => string.Create(
        CultureInfo.InvariantCulture,
        $"{OutageLimits.Clients} clients over {OutageLimits.Places} connections; {OutageLimits.AcquireSeconds} s to acquire, "
        + $"{OutageLimits.OpenSeconds} s to open (Npgsql's pool has one number for both, hence is here twice), "
        + $"{OutageLimits.CommandSeconds} s for a command; after a failure a client rests "
        + $"{OutageLimits.Pause.TotalMilliseconds} ms");

    internal static string Heading(OutageFault fault, TimeSpan length) => string.Create(
        CultureInfo.InvariantCulture, $"{fault.Name}, {length.TotalSeconds} s");

    internal static async Task WriteTableAsync(TextWriter output, OutageResult result)
    {
        var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"\n{result.Heading}: {result.What}\n");
        int[] widths =
        [
            .. Columns.Select(column => result.Rows.Select(column.Pick).Append(column.Heading).Max(static cell => cell.Length)),
        ];
        text.Append(' ', 43)
            .AppendJoin(' ', Columns.Select((column, index) => column.Heading.PadLeft(widths[index]))).Append('\n');
        foreach (var row in result.Rows)
        {
            text.Append(CultureInfo.InvariantCulture, $" {row.Peer,-42}")
                .AppendJoin(' ', Columns.Select((column, index) => column.Pick(row).PadLeft(widths[index]))).Append('\n');
        }

        AppendKinds(text, result, " ");
        await output.WriteAsync(text.ToString());
        await output.FlushAsync();
    }

    internal static async Task WriteMarkdownAsync(string folder, IReadOnlyList<OutageResult> results)
    {
        Directory.CreateDirectory(folder);
        var text = new StringBuilder("# Outages of a real PostgreSQL\n\n")
            .Append(Machine()).Append("\n\n").Append(Settings).Append('\n');
        foreach (var result in results)
        {
            text.Append(CultureInfo.InvariantCulture, $"\n## {result.Heading}\n\n{result.What}\n\n");
            text.Append("| contender | ").AppendJoin(" | ", Columns.Select(static column => column.Heading)).Append(" |\n");
            text.Append('|').Insert(text.Length, "---|", Columns.Length + 1).Append('\n');
            foreach (var row in result.Rows)
            {
                text.Append(CultureInfo.InvariantCulture, $"| {row.Peer} | ")
                    .AppendJoin(" | ", Columns.Select(column => column.Pick(row))).Append(" |\n");
            }

            text.Append('\n');
            AppendKinds(text, result, "- ");
        }

        await File.WriteAllTextAsync(Path.Combine(folder, "outage.md"), text.ToString());
    }

    private static void AppendKinds(StringBuilder text, OutageResult result, string bullet)
    {
        foreach (var row in result.Rows)
        {
            var kinds = row.Kinds.Select(static kind => string.Create(
                CultureInfo.InvariantCulture, $"{kind.Count} × {kind.Kind}"));
            text.Append(CultureInfo.InvariantCulture, $"{bullet}{row.Peer}: ")
                .AppendJoin("; ", kinds.DefaultIfEmpty("no failure")).Append('\n');
        }
    }

    private static string Number(double? value) => value switch
    {
        null => "none",
        >= 100 => value.Value.ToString("0", CultureInfo.InvariantCulture),
        _ => value.Value.ToString("0.##", CultureInfo.InvariantCulture),
    };
}

/// <summary>What the contenders made of one fault.</summary>
internal sealed record OutageResult(string Heading, string What, IReadOnlyList<OutageFigures> Rows);
