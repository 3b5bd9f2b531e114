using Pepper.Resources.Providers;
using Pepper.Resources.Sqlite;
using Pepper.Resources.Testing;

namespace Pepper.Resources.Tests.Providers;

/// <summary>A fixture with a folder of its own.</summary>
public abstract class FolderFixture : ProviderFixture
{
    private DirectoryInfo? _folder;

    public string Folder => _folder?.FullName ?? Path.Combine(Path.GetTempPath(), "not-prepared");

    public override ValueTask PrepareAsync()
    {
        _folder = Directory.CreateTempSubdirectory("pepper-storage-");
        return default;
    }

    public override ValueTask DisposeAsync()
    {
        _folder?.Delete(recursive: true);
        GC.SuppressFinalize(this);
        return base.DisposeAsync();
    }
}

public sealed class FileStorageFixture : FolderFixture
{
    public override IProvider Create(string name) => new FileStorageProvider(
        FileStorageProvider.Describe(name), new FileStorageOptions { Path = Path.Combine(Folder, "files") }, Time);

    public override IProvider? CreateFaulty(string name) => new FileStorageProvider(
        FileStorageProvider.Describe(name), new FileStorageOptions { Path = " ", MaxContentBytes = -1 }, Time);
}

public sealed class SqliteStorageFixture : FolderFixture
{
    public override IProvider Create(string name) => new SqliteStorageProvider(
        SqliteStorageProvider.Describe(name),
        new SqliteStorageOptions { Path = Path.Combine(Folder, "storage.db"), MaxContentBytes = 8_000_000 }, Time);

    public override IProvider? CreateFaulty(string name) => new SqliteStorageProvider(
        SqliteStorageProvider.Describe(name), new SqliteStorageOptions { Path = ":memory:", MaxConnections = 1 }, Time);
}
