using Npgsql;
using Pepper.Resources.PostgreSql;
using Pepper.Resources.Providers;
using Pepper.Resources.Sqlite;
using Pepper.Tests;

namespace Pepper.Benchmarks.Providers;

/// <summary>What a storage holds of one large content, by what is allocated and by the most that is resident.</summary>
internal sealed class ContentMemory(string name, Func<Task<IStorageProvider>> open)
{
    private const int Bytes = 64 * 1024 * 1024;

    internal string Name => name;

    internal static IEnumerable<ContentMemory> All(DirectoryInfo folder, PostgresCluster? cluster)
    {
        yield return new("SQLite", async () =>
        {
            var provider = new SqliteStorageProvider(
                SqliteStorageProvider.Describe("sqlite"),
                new SqliteStorageOptions { Path = Path.Combine(folder.FullName, $"{Guid.NewGuid():N}.db") });
            await provider.InitializeAsync();
            return provider;
        });
        if (cluster is not null)
        {
            yield return new("PostgreSQL", async () =>
            {
                var provider = new PostgreSqlStorageProvider(
                    PostgreSqlStorageProvider.Describe("postgres"),
                    new PostgreSqlStorageOptions { ConnectionString = cluster.ConnectionString });
                await provider.InitializeAsync();
                return provider;
            });
        }
    }

    /// <summary>
    /// Each operation with the multiples of the content's size that it allocates, and that are resident at most.
    /// </summary>
    internal async Task<IReadOnlyList<(string Operation, double Allocated, double Resident)>> MeasureAsync()
    {
        var provider = await open();
        var storage = provider.Storage!;
        await storage.PutAsync("small", new byte[100]);
        var given = new byte[Bytes];
        Array.Fill(given, (byte)7);
        List<(string, double, double)> all =
        [
            await MeasureAsync("put from a stream", async () =>
            {
                using var stream = new UnknownLength(Bytes);
                await storage.PutAsync("a", stream);
            }),
            await MeasureAsync("put of bytes", async () => await storage.PutAsync("b", given)),
            await MeasureAsync("get", async () =>
            {
                await using var found = await storage.GetAsync("a");
                await found!.Content.CopyToAsync(Stream.Null);
            }),
        ];
        await provider.CleanupAsync();
        NpgsqlConnection.ClearAllPools();
        return all;
    }

    private static async Task<(string Operation, double Allocated, double Resident)> MeasureAsync(
        string operation, Func<Task> work)
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        // The kernel begins the peak anew.
        await File.WriteAllTextAsync("/proc/self/clear_refs", "5");
        var (allocated, resident) = (GC.GetTotalAllocatedBytes(precise: true), ProcessMemory.PeakResidentBytes());
        await work();
        return (operation, (double)(GC.GetTotalAllocatedBytes(precise: true) - allocated) / Bytes,
            (double)(ProcessMemory.PeakResidentBytes() - resident) / Bytes);
    }

    /// <summary>So many bytes that are nowhere.</summary>
    private sealed class UnknownLength(long length) : Stream
    {
        private long _rest = length;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException("The stream does not know its length.");

        public override long Position
        {
            get => throw new NotSupportedException("The stream goes one way.");
            set => throw new NotSupportedException("The stream goes one way.");
        }

        public override int Read(byte[] buffer, int offset, int count)
        {
            var given = (int)Math.Min(count, _rest);
            buffer.AsSpan(offset, given).Fill(7);
            _rest -= given;
            return given;
        }

        public override void Flush()
        {
            // Nothing is written.
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException("One way.");

        public override void SetLength(long value) => throw new NotSupportedException("For reading.");

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("For reading.");
    }
}
