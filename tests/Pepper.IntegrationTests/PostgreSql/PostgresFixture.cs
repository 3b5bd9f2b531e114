using Pepper.Tests;

namespace Pepper.IntegrationTests.PostgreSql;

/// <summary>One cluster for all tests of PostgreSQL, which run one after the other: some of them stop its server.</summary>
public sealed class PostgresFixture : IAsyncLifetime
{
    private PostgresCluster? _cluster;

    /// <summary>The cluster; a test that asks for it is skipped where there cannot be one.</summary>
    internal PostgresCluster Cluster
    {
        get
        {
            Assert.SkipWhen(
                _cluster is null, "PostgreSQL's server programs are not installed: initdb is neither on the PATH nor in "
                + "/usr/lib/postgresql; Debian's package is postgresql.");
            return _cluster!;
        }
    }

    public async ValueTask InitializeAsync()
    {
        if (PostgresCluster.ProgramsFolder is not null)
        {
            _cluster = await PostgresCluster.StartAsync();
        }
    }

    public ValueTask DisposeAsync() => _cluster?.DisposeAsync() ?? ValueTask.CompletedTask;
}

[CollectionDefinition(PostgresTest.Collection)]
public sealed class PostgresTests : ICollectionFixture<PostgresFixture>;
