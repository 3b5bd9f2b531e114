using System.Diagnostics;
using System.Globalization;
using Pepper.Resources.Providers;
using Pepper.Resources.Sqlite;
using Pepper.Tests;

namespace Pepper.Resources.Tests.Providers;

/// <summary>A process that writes is killed: what it was told to be written is there, and nothing is there by half.</summary>
public sealed class StorageCrashTests
{
    private static readonly bool IsLong = Environment.GetEnvironmentVariable("PEPPER_LONG") == "1";
    private static readonly TimeSpan Guard = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("files")]
    [InlineData("sqlite")]
    public Task Kill_AFewTimes_KeepsWhatWasAcknowledged(string kind) => KillAsync(kind, 3);

    [Theory]
    [InlineData("files")]
    [InlineData("sqlite")]
    [Trait("Category", "Long")]
    public Task Kill_ManyTimes_KeepsWhatWasAcknowledged(string kind) => KillAsync(kind, IsLong ? 100 : 5);

    private static async Task KillAsync(string kind, int times)
    {
        var folder = Directory.CreateTempSubdirectory("pepper-crash-");
        try
        {
            var path = Path.Combine(folder.FullName, "storage");
            var acknowledged = new Dictionary<string, int>(StringComparer.Ordinal);
            var random = new Random(84);
            var total = 0;
            for (var kill = 0; kill < times; kill++)
            {
                var first = acknowledged.Values.DefaultIfEmpty().Max() + 10;
                total += await RunAndKillAsync(kind, path, first, 20 + random.Next(60), acknowledged);
                await VerifyAsync(kind, path, acknowledged);
            }

            TestContext.Current.TestOutputHelper?.WriteLine(
                $"{kind}: killed {times} times, {total} acknowledged writes, none lost, none seen by half");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<int> RunAndKillAsync(
        string kind, string path, int first, int writes, Dictionary<string, int> acknowledged)
    {
        var here = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        var program = Path.Combine(here.Parent!.Parent!.FullName, "Pepper.StorageWriter", here.Name, "Pepper.StorageWriter.dll");
        using var process = Process.Start(new ProcessStartInfo(
            "dotnet", [program, kind, path, first.ToString(CultureInfo.InvariantCulture)])
        {
            RedirectStandardOutput = true,
        })!;
        using var guard = new CancellationTokenSource(Guard);
        var seen = 0;
        while (await process.StandardOutput.ReadLineAsync(guard.Token) is { } line)
        {
            // Of a line that the kill cut off a smaller number is left, which says less than is true.
            if (line.Split(' ') is [var key, var text] && int.TryParse(text, out var number))
            {
                acknowledged[key] = Math.Max(number, acknowledged.GetValueOrDefault(key));
            }

            if (++seen == writes)
            {
                process.Kill();
            }
        }

        await process.WaitForExitAsync(guard.Token);
        Assert.True(seen >= writes, $"The writer ended by itself after {seen} writes, with {process.ExitCode}.");
        return seen;
    }

    private static async Task VerifyAsync(string kind, string path, Dictionary<string, int> acknowledged)
    {
        IStorageProvider provider = kind == "files"
            ? new FileStorageProvider(FileStorageProvider.Describe("check"), new FileStorageOptions { Path = path })
            : new SqliteStorageProvider(SqliteStorageProvider.Describe("check"), new SqliteStorageOptions { Path = path });
        await provider.InitializeAsync();
        try
        {
            var listed = (await provider.Storage!.ListAsync()).Entries;
            foreach (var (key, least) in acknowledged)
            {
                var entry = Assert.Single(listed, entry => entry.Key == key);
                var number = int.Parse(entry.Metadata["number"], CultureInfo.InvariantCulture);
                Assert.True(number >= least, $"'{key}' holds {number}, but {least} was acknowledged.");
            }

            foreach (var entry in listed)
            {
                await AssertWholeAsync(provider.Storage, entry);
            }

            if (kind == "files")
            {
                Assert.Empty(Directory.GetFiles(Path.Combine(path, "unfinished")));
            }
        }
        finally
        {
            await provider.CleanupAsync();
        }
    }

    private static async Task AssertWholeAsync(IStorage storage, StorageEntry entry)
    {
        await using var found = await storage.GetAsync(entry.Key);
        using var content = new MemoryStream();
        await found!.Content.CopyToAsync(content);
        var number = int.Parse(entry.Metadata["number"], CultureInfo.InvariantCulture);
        var bytes = content.ToArray();
        Assert.Equal(4 * (1 + (number * 7919 % 20_000)), bytes.Length);
        for (var index = 0; index < bytes.Length; index += 4)
        {
            if (BitConverter.ToInt32(bytes, index) != number)
            {
                Assert.Fail($"'{entry.Key}' mixes {number} and {BitConverter.ToInt32(bytes, index)}.");
            }
        }
    }
}
