using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pepper.Benchmarks;

/// <summary>This program once more, as the client: so that the peak of one variant is not the other's.</summary>
internal static class ClientProcess
{
    internal const string Command = "memory-client";
    private static readonly TimeSpan Guard = TimeSpan.FromMinutes(30);

    internal static async Task<ClientFigures> RunAsync(MemoryOptions options, bool isPooled, string connectionString)
    {
        string[] arguments =
        [
            Command, isPooled ? "pooled" : "unpooled", connectionString,
            options.Clients.ToString(CultureInfo.InvariantCulture), options.Works.ToString(CultureInfo.InvariantCulture),
        ];
        var program = Environment.ProcessPath!;

        // Run as `dotnet Pepper.Benchmarks.dll`, the program is the first argument and not the process.
        var isHosted = Path.GetFileNameWithoutExtension(program) == "dotnet";
        var start = new ProcessStartInfo(program, isHosted ? [Environment.GetCommandLineArgs()[0], .. arguments] : arguments)
        {
            RedirectStandardOutput = true,
        };
        using var process = Process.Start(start)!;
        try
        {
            var text = await process.StandardOutput.ReadToEndAsync().WaitAsync(Guard);
            await process.WaitForExitAsync().WaitAsync(Guard);
            return process.ExitCode == 0
                ? JsonSerializer.Deserialize(text, ClientJson.Default.ClientFigures)!
                : throw new InvalidOperationException($"The {arguments[1]} client ended with {process.ExitCode}: {text}");
        }
        finally
        {
            // Nothing happens when it has ended.
            process.Kill(entireProcessTree: true);
        }
    }
}

/// <summary>What a client process tells of itself.</summary>
internal sealed record ClientFigures(long PeakBytes, double MedianUs, double P99Us);

[JsonSerializable(typeof(ClientFigures))]
internal sealed partial class ClientJson : JsonSerializerContext;
