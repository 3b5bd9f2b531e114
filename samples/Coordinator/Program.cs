using System.Data.Common;
using Microsoft.Data.Sqlite;
using Pepper.Resources;
using Pepper.Resources.Connections;
using Pepper.Resources.Files;
using Pepper.Resources.Pooling;

SQLitePCL.Batteries_V2.Init();
var folder = Directory.CreateTempSubdirectory("pepper-sample-");
try
{
    // A database that everybody shares through at most four connections, and one log file for all.
    var database = new DbConnectionFactory(SqliteFactory.Instance, $"Data Source={Path.Combine(folder.FullName, "notes.db")}");
    await using var coordinator = ResourceCoordinator.CreateBuilder()
        .AddPool("notes", database, new ResourcePoolOptions { Type = ResourceType.Connection, MaxSize = 4 })
        .AddResource(
            new FileResource(
                Path.Combine(folder.FullName, "audit.log"),
                new FileResourceOptions { Id = "audit", Mode = FileResourceMode.Append }),
            "notes")
        .Build();
    await coordinator.StartAsync();

    await ExecuteAsync("create table notes (text text not null)");
    await Task.WhenAll(Enumerable.Range(0, 20).Select(number => ExecuteAsync($"insert into notes values ('note {number}')")));

    await using (var audit = await coordinator.Resources.AcquireAsync<FileResource>("audit"))
    {
        Console.WriteLine($"audit file: {audit.Resource.Length} bytes");
    }

    foreach (var pool in coordinator.GetSnapshot().Pools)
    {
        Console.WriteLine($"{pool.Statistics.Name}: {pool.Statistics.Acquired} loans of {pool.Statistics.Created} connection(s)");
    }

    await coordinator.CleanupAsync();
    Console.WriteLine($"{coordinator.Pools.Count} pools left");

    async Task ExecuteAsync(string sql)
    {
        await using var lease = await coordinator.AcquireAsync<DbConnection>("notes");
        await using var command = lease.Resource.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync();
        await using var audit = await coordinator.Resources.AcquireAsync<FileResource>("audit");
        await audit.Resource.AppendTextAsync(sql + "\n");
    }
}
finally
{
    folder.Delete(recursive: true);
}
