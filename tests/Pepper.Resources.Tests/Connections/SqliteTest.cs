using System.Data.Common;
using Microsoft.Data.Sqlite;
using Pepper.Resources.Connections;
using Pepper.Resources.Pooling;
using Pepper.Resources.Tests.Files;

namespace Pepper.Resources.Tests.Connections;

/// <summary>A SQLite file of the test's own, and pools over it.</summary>
public abstract class SqliteTest : TemporaryFolder
{
    private protected string File => At("test.db");

    private protected string ConnectionString => $"Data Source={File}";

    private protected ResourceMonitor Monitor { get; } = new();

    private protected ResourcePool<DbConnection> NewPool(
        int maxSize = 1, DbConnectionFactoryOptions? connection = null, TimeSpan? acquireTimeout = null) =>
        ConnectionPool.Create(
            SqliteFactory.Instance, ConnectionString, Options(maxSize, acquireTimeout), connection, monitor: Monitor);

    private protected static ResourcePoolOptions Options(int maxSize = 1, TimeSpan? acquireTimeout = null) => new()
    {
        Name = "db",
        MinSize = 0,
        MaxSize = maxSize,
        AcquireTimeout = acquireTimeout ?? TimeSpan.FromSeconds(30),
    };

    private protected static async Task<object?> ScalarAsync(DbConnection connection, string sql)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        return await command.ExecuteScalarAsync();
    }

    private protected static object? Scalar(DbConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }

    /// <summary>How many handles this process has to the test's file, where the system tells.</summary>
    private protected int Handles()
    {
        if (!OperatingSystem.IsLinux())
        {
            return 0;
        }

        return Directory.EnumerateFileSystemEntries("/proc/self/fd").Count(link =>
        {
            try
            {
                return new FileInfo(link).LinkTarget?.StartsWith(File, StringComparison.Ordinal) ?? false;
            }
            catch (IOException)
            {
                // Closed since it was listed.
                return false;
            }
        });
    }
}
