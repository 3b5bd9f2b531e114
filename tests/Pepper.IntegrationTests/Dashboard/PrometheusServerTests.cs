using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Pepper.Resources;

namespace Pepper.IntegrationTests.Dashboard;

public sealed class PrometheusServerTests
{
    [Fact]
    public async Task Scrape_ByARealPrometheus_AnswersItsQueries()
    {
        var program = PromtoolTests.FindOnPath("prometheus");
        Assert.SkipWhen(program is null, "prometheus is not on the PATH.");
        await using var server = await MetricsServer.StartAsync();
        server.Monitor.RecordOperation("odd \" \\ \n ü", "file", duration: TimeSpan.FromMilliseconds(3));
        var folder = Directory.CreateTempSubdirectory("pepper-prometheus-").FullName;
        var address = $"127.0.0.1:{FreePort()}";
        using var prometheus = await StartAsync(program!, folder, address, server.Client.BaseAddress!.Authority);
        try
        {
            using var client = new HttpClient { BaseAddress = new Uri($"http://{address}") };

            Assert.Equal("1", await QueryAsync(client, "pepperpy_resource_operations_total{operation=\"odd \\\" \\\\ \\n ü\"}"));
            Assert.Equal("1", await QueryAsync(client, "pepperpy_resource_duration_seconds_bucket{le=\"0.005\"}"));
            Assert.Equal("0.003", await QueryAsync(client, "pepperpy_resource_duration_seconds_sum"));
            Assert.Equal("1", await QueryAsync(client, "up"));
        }
        finally
        {
            prometheus.Kill(entireProcessTree: true);
            await prometheus.WaitForExitAsync();
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<Process> StartAsync(string program, string folder, string address, string target)
    {
        var configuration = Path.Combine(folder, "prometheus.yml");
        await File.WriteAllTextAsync(
            configuration,
            $"""
            scrape_configs:
              - job_name: pepper
                scrape_interval: 200ms
                scrape_timeout: 200ms
                static_configs:
                  - targets: ["{target}"]
            """);
        var arguments = new[]
        {
            $"--config.file={configuration}", $"--storage.tsdb.path={Path.Combine(folder, "data")}",
            $"--web.listen-address={address}", "--log.level=error",
        };
        return Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, WorkingDirectory = folder })!;
    }

    /// <summary>Asks until there is an answer: Prometheus says to nobody when it has scraped.</summary>
    private static async Task<string?> QueryAsync(HttpClient client, string query)
    {
        using var guard = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var address = new Uri("/api/v1/query?query=" + Uri.EscapeDataString(query), UriKind.Relative);
        while (true)
        {
            try
            {
                using var answer = JsonDocument.Parse(await client.GetStringAsync(address, guard.Token));
                var rows = answer.RootElement.GetProperty("data").GetProperty("result");
                if (rows.GetArrayLength() > 0)
                {
                    return rows[0].GetProperty("value")[1].GetString();
                }
            }
            catch (HttpRequestException)
            {
                // It is not up yet.
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, guard.Token);
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
