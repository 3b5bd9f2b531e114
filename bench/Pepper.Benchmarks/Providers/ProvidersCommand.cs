using System.Globalization;
using System.Text;
using Pepper.Tests;

namespace Pepper.Benchmarks.Providers;

/// <summary>
/// Providers: what their users notice of reloads, what managing them costs, and what storages hold of a large content.
/// </summary>
internal static class ProvidersCommand
{
    internal static async Task<int> RunAsync(string? results, TextWriter output)
    {
        var text = new StringBuilder();
        void Say(FormattableString line)
        {
            var said = line.ToString(CultureInfo.InvariantCulture);
            text.Append(said).Append('\n');
            output.WriteLine(said);
        }

        var folder = Directory.CreateTempSubdirectory("pepper-providers-");
        try
        {
            Say($"# Providers");
            Say($"");
            Say($"{Report.Machine("one run")}");
            Say($"");
            await SayReloadsAsync(folder, Say);
            await SayManagementAsync(Say);
            await SayContentsAsync(folder, Say);
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        if (results is not null)
        {
            Directory.CreateDirectory(results);
            await File.WriteAllTextAsync(Path.Combine(results, "providers.md"), text.ToString());
        }

        return 0;
    }

    private static async Task SayReloadsAsync(DirectoryInfo folder, Action<FormattableString> say)
    {
        say($"## Reads by 16 clients while the provider is reloaded");
        say($"");
        say($"A file of 1,000 bytes, read by the provider's name. Of the reloads that fail, ten fail at each stage: validate,");
        say($"build, initialize, health check, cleanup of the old one. Milliseconds.");
        say($"");
        say($"| | reads | failed reads | reloads | failed | median | 99 % | 99.9 % | slowest | slowest above the median |");
        say($"|---|---|---|---|---|---|---|---|---|---|");
        foreach (var reloads in new[] { false, true, false, true })
        {
            var seen = await ReloadLoad.RunAsync(Path.Combine(folder.FullName, Guid.NewGuid().ToString("N")), reloads);
            var what = reloads ? "reloaded" : "left alone";
            var counts = $"{seen.Operations} | {seen.Failures} | {seen.Reloads} | {seen.FailedReloads}";
            var (median, slowest) = (seen.At(0.5), seen.At(1));
            var (most, nearlyAll) = (seen.At(0.99), seen.At(0.999));
            var rest = slowest - median;
            say($"| {what} | {counts} | {median:0.000} | {most:0.000} | {nearlyAll:0.000} | {slowest:0.000} | {rest:0.000} |");
        }

        say($"");
    }

    private static async Task SayManagementAsync(Action<FormattableString> say)
    {
        say($"## Management, 5,000 providers that do nothing");
        say($"");
        say($"| operation | median µs | 99 % µs |");
        say($"|---|---|---|");
        foreach (var (operation, median, ninetyNinth) in await ManagementRun.MeasureAsync())
        {
            say($"| {operation} | {median:0.0} | {ninetyNinth:0.0} |");
        }

        say($"");
        var bytes = await ManagementRun.BytesOfOneAsync();
        say($"A registered provider holds {bytes:0} bytes, the provider's own object and name with it.");
        say($"100 providers that take 50 ms each start in {await ManagementRun.StartMillisecondsAsync(100):0} ms.");
        say($"");
    }

    private static async Task SayContentsAsync(DirectoryInfo folder, Action<FormattableString> say)
    {
        say($"## A content of 64 MiB: what is allocated, and the most that is resident, in multiples of it");
        say($"");
        await using var cluster = PostgresCluster.ProgramsFolder is null ? null : await PostgresCluster.StartAsync();
        say($"| storage | operation | allocated | resident |");
        say($"|---|---|---|---|");
        foreach (var storage in ContentMemory.All(folder, cluster))
        {
            foreach (var (operation, allocated, resident) in await storage.MeasureAsync())
            {
                say($"| {storage.Name} | {operation} | {allocated:0.00} | {resident:0.00} |");
            }
        }

        say($"");
    }
}
