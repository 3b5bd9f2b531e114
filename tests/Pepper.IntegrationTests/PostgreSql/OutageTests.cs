using Npgsql;
using Pepper.Resources;
using Pepper.Resources.Connections;
using Pepper.Resources.Recovery;

namespace Pepper.IntegrationTests.PostgreSql;

/// <summary>A server that stops and comes back.</summary>
public sealed class OutageTests(PostgresFixture fixture) : OutageTest(fixture)
{
    [Fact]
    public async Task Acquire_ServerStoppedAndStarted_FailsPromptlyAndWorksAgain()
    {
        await using var pool = NewPool(Options(maxSize: 5), new() { ValidationQuery = "SELECT 1" });
        await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => LendAsync(pool)));
        await StopAsync();

        // Far less than the acquire timeout, within which all would have to end somehow.
        var failures = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ =>
            Assert.ThrowsAnyAsync<ResourceException>(() => LendAsync(pool)))).WaitAsync(TimeSpan.FromSeconds(15));

        Assert.All(failures, static failure =>
            Assert.True(failure is ResourceInitializationException or CircuitOpenException, failure.ToString()));
        Assert.All(failures, static failure => Assert.IsAssignableFrom<NpgsqlException>(failure.InnerException));
        Assert.All(failures, static failure => Assert.Equal("pg", failure.ResourceId));
        Assert.Equal(0, pool.Statistics.InUse);
        Assert.Equal(0, pool.Statistics.Waiting);

        await StartAsync();
        await UntilAsync(() => pool.Statistics.Circuit!.State == CircuitState.Closed);
        await LendTogetherAsync(pool, 5);

        Assert.Equal(5, pool.Statistics.Idle);
        Assert.Equal(5, pool.Statistics.Size);
        Assert.Equal(5, await CountSessionsAsync());
        Assert.Equal(16, (await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => LendAsync(pool)))).Length);
    }

    [Fact]
    public async Task Return_LentThroughTheOutage_IsDestroyedAndReplaced()
    {
        await using var pool = NewPool(Options(maxSize: 2));
        var lease = await pool.AcquireAsync();
        await SessionAsync(lease.Resource);
        await StopAsync();

        await Assert.ThrowsAnyAsync<NpgsqlException>(() => SessionAsync(lease.Resource));
        await lease.DisposeAsync();
        await Assert.ThrowsAsync<ResourceInitializationException>(() => LendAsync(pool));
        await StartAsync();

        await LendAsync(pool);
        await UntilAsync(() => pool.Statistics.Size == 1);
        Assert.Equal(1, await CountSessionsAsync());
    }

    [Fact]
    public async Task Initialize_ServerIsDown_FailsAndCanBeTriedAgain()
    {
        await StopAsync();
        await using var resource = new ConnectionResource(
            NpgsqlFactory.Instance, Url, new ConnectionResourceOptions { Id = "orders", PoolSize = 5 }, monitor: Monitor);

        var thrown = await Assert.ThrowsAsync<ResourceInitializationException>(() => resource.InitializeAsync()).WaitAsync(Guard);
        Assert.Equal("orders", thrown.ResourceId);
        Assert.Contains(Causes(thrown), static cause => cause is NpgsqlException);
        Assert.Equal(ResourceState.Failed, resource.State);

        await StartAsync();
        await resource.InitializeAsync();
        await using var lease = await resource.GetConnectionAsync();
        Assert.Equal(1, await ScalarAsync<int>(lease.Resource, "SELECT 1"));
    }

    [Fact]
    public async Task Open_DataSourceThroughAnOutage_FailsAndWorksAgain()
    {
        await using var source = ConnectionPool.CreateDataSource(
            NpgsqlFactory.Instance, ConnectionString, Options(maxSize: 2), new() { ValidationQuery = "SELECT 1" },
            monitor: Monitor);
        await using var connection = source.CreateConnection();
        await connection.OpenAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await StopAsync();

        // Its transaction can be rolled back by nobody; closing says nothing, but what it leased is gone.
        await connection.CloseAsync();
        await Assert.ThrowsAsync<ResourceInitializationException>(() => connection.OpenAsync());
        await Assert.ThrowsAsync<ResourceInitializationException>(() => Task.Run(connection.Open));

        await StartAsync();
        await connection.OpenAsync();
        Assert.Equal(1, await ScalarAsync<int>(connection, "SELECT 1"));
        await UntilAsync(() => source.Pool.Statistics.Size == 1);
        Assert.Equal(1, await CountSessionsAsync());
    }

    private static IEnumerable<Exception> Causes(Exception thrown)
    {
        for (var cause = thrown.InnerException; cause is not null; cause = cause.InnerException)
        {
            yield return cause;
        }
    }
}
