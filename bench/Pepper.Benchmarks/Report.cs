using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pepper.Benchmarks;

/// <summary>Results as a table, as Markdown and as JSON.</summary>
internal static class Report
{
    internal static string Machine() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Environment.ProcessorCount} processors, {RuntimeInformation.OSArchitecture}, "
        + $"{RuntimeInformation.FrameworkDescription}, "
        + $"{(System.Runtime.GCSettings.IsServerGC ? "server" : "workstation")} GC; medians, peers in turn");

    internal static async Task WriteTableAsync(TextWriter output, IReadOnlyList<Result> results)
    {
        await output.WriteLineAsync($"\n{results[0].Scenario}");
        await output.WriteLineAsync(
            $"  {"",-44} {"ns/op",9} {"kops/s",9} {"p99 µs",9} {"p99.9 µs",9} {"B/op",8} {"to Pepper",10}");
        foreach (var result in results)
        {
            await output.WriteLineAsync(
                $"  {result.Peer,-44} {Number(result.NsPerOp),9} {Number(result.KopsPerSec),9} {Number(result.P99us),9} "
                + $"{Number(result.P999us),9} {Number(result.BytesPerOp),8} {Number(result.RatioToPepper),8} ×");
        }
    }

    internal static async Task WriteMarkdownAsync(string folder, IReadOnlyList<Result> results)
    {
        Directory.CreateDirectory(folder);
        var text = new StringBuilder("# The pool and its peers\n\n").Append(Machine()).Append('\n');
        foreach (var scenario in results.GroupBy(static result => result.Scenario))
        {
            text.Append(CultureInfo.InvariantCulture, $"\n## {scenario.Key}\n\n");
            text.Append("| peer | version | ns/op | kops/s | p99 µs | p99.9 µs | B/op | to Pepper |\n");
            text.Append("|---|---|---|---|---|---|---|---|\n");
            foreach (var result in scenario)
            {
                text.Append(
                    CultureInfo.InvariantCulture,
                    $"| {result.Peer} | {result.Version} | {Number(result.NsPerOp)} | {Number(result.KopsPerSec)} "
                    + $"| {Number(result.P99us)} | {Number(result.P999us)} | {Number(result.BytesPerOp)} "
                    + $"| {Number(result.RatioToPepper)} |\n");
            }
        }

        await File.WriteAllTextAsync(Path.Combine(folder, "compare.md"), text.ToString());
    }

    internal static async Task WriteJsonAsync(string file, IReadOnlyList<Result> results)
    {
        await using var stream = File.Create(file);
        await JsonSerializer.SerializeAsync(stream, results, ResultJson.Default.IReadOnlyListResult);
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
