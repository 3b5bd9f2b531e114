using System.Diagnostics;

namespace Pepper.IntegrationTests.Samples;

/// <summary>Each sample is run as a user runs it: as a process of its own.</summary>
public sealed class SampleTests
{
    [Fact]
    public async Task QuickStart_AsksOverFourConnectionsAtMost()
    {
        var output = await RunAsync("QuickStart");
        Assert.Matches("^200 questions over [1-4] connections \\([1-4] accepted\\), 0 still lent\n$", output);
    }

    [Fact]
    public async Task Coordinator_WritesNotesAndStopsCleanly()
    {
        var output = await RunAsync("Coordinator");
        Assert.Matches("^audit file: 770 bytes\nnotes: 21 loans of [1-4] connection\\(s\\)\n0 pools left\n$", output);
    }

    [Fact]
    public async Task KeyedPool_AsksThreeHostsOverFourConnectionsAtMost()
    {
        var output = await RunAsync("KeyedPool");
        Assert.Matches("^300 questions to 3 hosts, [1-4] connections of 4\n2 hosts left\n$", output);
    }

    [Fact]
    public async Task Recovery_OutlivesAnOutage()
    {
        var output = await RunAsync("Recovery");
        Assert.Matches(
            "^answered 20 of 20: [0-9]+ by the server, [0-9]+ from the cache\ncircuit closed after [1-9][0-9]* break\\(s\\)\n$",
            output);
    }

    [Fact]
    public async Task Provider_OfAThirdParty_PassesTheKit()
    {
        var output = await RunAsync("Provider");
        Assert.StartsWith("DictionaryProvider (storage), declares retrieve, store\n", output, StringComparison.Ordinal);
        Assert.DoesNotContain("FAILED", output, StringComparison.Ordinal);
        Assert.EndsWith("conflict: expected an older version, found the first\n", output, StringComparison.Ordinal);
    }

    private static async Task<string> RunAsync(string sample)
    {
        // artifacts/bin/<project>/<configuration>: the sample stands beside the tests, built with the same configuration.
        var here = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        var program = Path.Combine(here.Parent!.Parent!.FullName, sample, here.Name, sample + ".dll");
        using var process = Process.Start(new ProcessStartInfo("dotnet", [program])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var output = process.StandardOutput.ReadToEndAsync(deadline.Token);
        var errors = process.StandardError.ReadToEndAsync(deadline.Token);
        await process.WaitForExitAsync(deadline.Token);
        Assert.True(process.ExitCode == 0, $"{sample} ended with {process.ExitCode}: {await errors}");
        return (await output).ReplaceLineEndings("\n");
    }
}
