using Npgsql;
using Pepper.Resources.PostgreSql;
using Pepper.Resources.Providers;
using Pepper.Resources.Sqlite;
using Pepper.Tests;

namespace Pepper.Benchmarks.Memories;

/// <summary>A kind of memory store, of which each run opens fresh ones.</summary>
internal sealed class MemorySubject(string name, Func<MemoryStoreOptions, Task<IMemoryStore>> open) : IAsyncDisposable
{
    private readonly List<IMemoryStore> _opened = [];

    internal string Name => name;

    internal async Task<IMemoryStore> OpenAsync()
    {
        var store = await open(new MemoryStoreOptions { Embedding = HashedNgrams.EmbedAsync });
        _opened.Add(store);
        return store;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var store in _opened.OfType<IAsyncDisposable>())
        {
            await store.DisposeAsync();
        }

        _opened.Clear();
    }

    /// <summary>All that can run here; those of PostgreSQL only with a server.</summary>
    internal static async Task<IReadOnlyList<MemorySubject>> AllAsync(DirectoryInfo folder, PostgresCluster? cluster)
    {
        List<MemorySubject> all =
        [
            new("in-process", static options => Task.FromResult<IMemoryStore>(new InProcessMemoryStore(options))),
            new("SQLite", async options => await SqliteMemoryStore.OpenAsync(new SqliteMemoryOptions
            {
                Path = Path.Combine(folder.FullName, $"{Guid.NewGuid():N}.db"),
                Store = options,
            })),
        ];
        if (cluster is not null)
        {
            all.Add(new("PostgreSQL", options => OpenAsync(cluster, options, false)));
            if (await HasVectorAsync(cluster))
            {
                all.Add(new("PostgreSQL, pgvector", options => OpenAsync(cluster, options, true)));
            }
        }

        return all;
    }

    private static async Task<IMemoryStore> OpenAsync(PostgresCluster cluster, MemoryStoreOptions options, bool extension) =>
        await PostgreSqlMemoryStore.OpenAsync(new PostgreSqlMemoryOptions
        {
            ConnectionString = cluster.ConnectionString,
            Schema = $"memory_{Guid.NewGuid():N}",
            UseVectorExtension = extension,
            Store = options,
        });

    private static async Task<bool> HasVectorAsync(PostgresCluster cluster)
    {
        await using var connection = new NpgsqlConnection(cluster.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("SELECT 1 FROM pg_available_extensions WHERE name = 'vector'", connection);
        return await command.ExecuteScalarAsync() is not null;
    }
}
