using Npgsql;

namespace Pepper.IntegrationTests.PostgreSql;

/// <summary>What a pool is for: a connection that is there costs no new session of the server.</summary>
public sealed class AcquisitionCostTests(PostgresFixture fixture) : PostgresTest(fixture)
{
    private const int Rounds = 25;

    [Fact]
    public async Task Acquire_AndQuery_OpensOneSessionWhereOpeningOpensOneEach()
    {
        await using var pool = NewPool();
        HashSet<int> pooled = [];
        List<int> unpooled = [];
        for (var round = 0; round < Rounds; round++)
        {
            pooled.Add(await LendAsync(pool));
            await using var connection = new NpgsqlConnection(ConnectionString + ";Pooling=false");
            await connection.OpenAsync();
            unpooled.Add(await SessionAsync(connection));
        }

        Assert.Single(pooled);
        Assert.Equal(1, pool.Statistics.Created);
        Assert.Equal(Rounds, pool.Statistics.Acquired);

        // The server may give a number again, but hardly at once.
        Assert.DoesNotContain(pooled.Single(), unpooled);
        Assert.True(unpooled.Distinct().Count() > 1, $"{Rounds} sessions had one number.");
    }
}
