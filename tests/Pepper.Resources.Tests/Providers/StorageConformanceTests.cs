using Pepper.Resources.Providers;
using Pepper.Resources.Sqlite;
using Pepper.Resources.Testing;
using Pepper.Tests;

namespace Pepper.Resources.Tests.Providers;

public sealed class FileLifecycleTests : ConformanceTests<LifecycleConformance, FileStorageFixture>;

public sealed class FileStorageTests : ConformanceTests<StorageConformance, FileStorageFixture>;

public sealed class SqliteLifecycleTests : ConformanceTests<LifecycleConformance, SqliteStorageFixture>;

public sealed class SqliteStorageTests : ConformanceTests<StorageConformance, SqliteStorageFixture>;

public sealed class FileKitTests : StorageKitTests<FileStorageFixture>;

public sealed class SqliteKitTests : StorageKitTests<SqliteStorageFixture>;

/// <summary>The kit itself.</summary>
public sealed class ProviderConformanceTests
{
    [Fact]
    public void Suites_OfAllProviders_AreRun()
    {
        (Type, Type)[] covered =
        [
            .. typeof(ProviderConformanceTests).Assembly.GetTypes()
                .Where(static type => type is { IsAbstract: false, BaseType: { IsGenericType: true } b }
                    && b.GetGenericTypeDefinition() == typeof(ConformanceTests<,>))
                .Select(static type => type.BaseType!.GetGenericArguments())
                .Select(static pair => (((ProviderFixture)Activator.CreateInstance(pair[1])!).Create("x").GetType(), pair[0])),
        ];

        var missing = ProviderConformance.GetMissing(typeof(SqliteStorageProvider).Assembly, covered)
            .Concat(ProviderConformance.GetMissing(typeof(FileStorageProvider).Assembly, covered)).ToList();

        // That suite runs beside PostgreSQL's, in the integration tests.
        missing.RemoveAll(static one =>
            one.Contains("SqliteMemoryProvider is not held to MemoryConformance", StringComparison.Ordinal));
        Assert.Empty(missing);
        Assert.Equal(2, ProviderConformance.GetMissing(typeof(FileStorageProvider).Assembly, [])
            .Count(static missing => missing.Contains(nameof(FileStorageProvider), StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Run_ProviderThatLies_FailsAndSaysWhere()
    {
        var report = await ProviderConformance.RunAsync(() => new LyingFixture(), TestContext.Current.CancellationToken);

        Assert.False(report.IsPassed);
        Assert.Contains(
            report.Results, static result => result.Test.Name == "Declare_Capabilities_AreOffered"
                && result.Failure is ConformanceException lie && lie.Message.Contains("'ttl'", StringComparison.Ordinal));
    }

    private sealed class LyingFixture : FolderFixture
    {
        public override IProvider Create(string name) => new SqliteStorageProvider(
            SqliteStorageProvider.Describe(name) with { Capabilities = new HashSet<string> { "store", "retrieve", "free" } },
            new SqliteStorageOptions { Path = Path.Combine(Folder, "a.db") });
    }
}
