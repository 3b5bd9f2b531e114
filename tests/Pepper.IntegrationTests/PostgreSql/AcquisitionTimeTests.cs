using System.Diagnostics;
using Npgsql;

namespace Pepper.IntegrationTests.PostgreSql;

/// <summary>What a pool is for: a connection that is there costs less than one that has to be opened.</summary>
public sealed class AcquisitionTimeTests(PostgresFixture fixture) : PostgresTest(fixture)
{
    private const int Rounds = 25;

    [Fact]
    public async Task Acquire_AndQuery_TakesLessThanHalfOfOpeningAndQuerying()
    {
        await using var pool = NewPool();
        await LendAsync(pool);
        List<TimeSpan> pooled = [];
        List<TimeSpan> unpooled = [];
        for (var round = 0; round < Rounds; round++)
        {
            pooled.Add(await TimeAsync(() => LendAsync(pool)));
            unpooled.Add(await TimeAsync(async () =>
            {
                await using var connection = new NpgsqlConnection(ConnectionString + ";Pooling=false");
                await connection.OpenAsync();
                await SessionAsync(connection);
            }));
        }

        var (ours, theirs) = (Median(pooled), Median(unpooled));
        TestContext.Current.TestOutputHelper?.WriteLine($"pooled {ours}, unpooled {theirs}");
        Assert.True(ours < theirs / 2, $"Pooled {ours}, unpooled {theirs}.");
    }

    private static async Task<TimeSpan> TimeAsync(Func<Task> workAsync)
    {
        var started = Stopwatch.GetTimestamp();
        await workAsync();
        return Stopwatch.GetElapsedTime(started);
    }

    private static TimeSpan Median(List<TimeSpan> times) => times.Order().ElementAt(times.Count / 2);
}
