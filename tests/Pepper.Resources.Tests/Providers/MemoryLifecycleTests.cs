using Pepper.Resources.Providers;
using Pepper.Resources.Sqlite;
using Pepper.Resources.Testing;
using Pepper.Tests;

namespace Pepper.Resources.Tests.Providers;

/// <summary>Memory providers live as any provider does.</summary>
public sealed class InProcessMemoryLifecycleTests : ConformanceTests<LifecycleConformance, InProcessMemoryFixture>;

public sealed class SqliteMemoryLifecycleTests : ConformanceTests<LifecycleConformance, SqliteMemoryFixture>;

public sealed class InProcessMemoryFixture : ProviderFixture
{
    public override IProvider Create(string name) =>
        new InProcessMemoryProvider(InProcessMemoryProvider.Describe(name), null, Time);
}

public sealed class SqliteMemoryFixture : FolderFixture
{
    public override IProvider Create(string name) => new SqliteMemoryProvider(
        SqliteMemoryProvider.Describe(name), new SqliteMemoryOptions { Path = Path.Combine(Folder, "memory.db") }, Time);

    public override IProvider? CreateFaulty(string name) =>
        new SqliteMemoryProvider(SqliteMemoryProvider.Describe(name), new SqliteMemoryOptions { MaxConnections = 0 }, Time);
}
