using Npgsql;
using Pepper.Resources;

namespace Pepper.IntegrationTests.PostgreSql;

public sealed class BrokenConnectionTests(PostgresFixture fixture) : PostgresTest(fixture)
{
    [Fact]
    public async Task Acquire_SessionWasKilled_LendsAnother()
    {
        await using var pool = NewPool(connection: new() { ValidationQuery = "SELECT 1" });
        var first = await LendAsync(pool);
        Assert.Equal(first, await LendAsync(pool));
        await KillAsync(first);

        Assert.NotEqual(first, await LendAsync(pool));

        Assert.Equal(1, pool.Statistics.Destroyed);
        Assert.Equal(1, await CountSessionsAsync());
    }

    [Fact]
    public async Task Acquire_SeveralSessionsWereKilled_NobodyGetsOneOfThem()
    {
        await using var pool = NewPool(Options(maxSize: 5), new() { ValidationQuery = "SELECT 1" });
        var before = await LendTogetherAsync(pool, 5);
        await KillAsync([.. before.Take(4)]);

        var after = await LendTogetherAsync(pool, 5);

        Assert.Equal(5, after.Distinct().Count());
        Assert.Equal([before[4]], after.Intersect(before));
        Assert.Equal(5, pool.Statistics.Size);
        Assert.Equal(5, await CountSessionsAsync());
    }

    [Fact]
    public async Task Acquire_AllSessionsWereKilled_ManyCallersAllGetWorkingOnes()
    {
        await using var pool = NewPool(Options(maxSize: 3), new() { ValidationQuery = "SELECT 1" });
        var killed = await LendTogetherAsync(pool, 3);
        await KillAsync(killed);

        var sessions = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => LendAsync(pool))).WaitAsync(Guard);

        Assert.Empty(sessions.Intersect(killed));
        Assert.InRange(await CountSessionsAsync(), 1, 3);
        Assert.Equal(0, pool.Statistics.InUse);
    }

    [Fact]
    public async Task Acquire_Blocking_SessionWasKilled_LendsAnother()
    {
        await using var pool = NewPool(connection: new() { ValidationQuery = "SELECT 1" });
        var first = await LendAsync(pool);
        await KillAsync(first);

        var lease = await Task.Run(() => pool.Acquire(Guard)).WaitAsync(Guard);

        Assert.NotEqual(first, await SessionAsync(lease.Resource));
        await lease.DisposeAsync();
    }

    [Fact]
    public async Task Return_SessionWasKilledWhileItWasLent_IsNotLentAgain()
    {
        await using var pool = NewPool();
        int session;
        await using (var lease = await pool.AcquireAsync())
        {
            session = await SessionAsync(lease.Resource);
            await KillAsync(session);
            await Assert.ThrowsAnyAsync<NpgsqlException>(() => SessionAsync(lease.Resource));
        }

        Assert.NotEqual(session, await LendAsync(pool));
        Assert.Equal(1, pool.Statistics.Destroyed);
    }

    [Fact]
    public async Task Acquire_SessionWasKilledAndNoValidationQuery_HealsAfterOneFailure()
    {
        await using var pool = NewPool();
        var session = await LendAsync(pool);
        await KillAsync(session);

        // Nothing but a query finds out; from then on the connection knows, and so does the pool.
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => LendAsync(pool));

        Assert.NotEqual(session, await LendAsync(pool));
    }

    [Fact]
    public async Task Acquire_InitializationCommandFails_IsAFailedCreationThatLeavesNoSession()
    {
        await using var pool = NewPool(connection: new() { InitializationCommand = "SELECT no_such_function()" });

        var thrown = await Assert.ThrowsAsync<ResourceInitializationException>(() => LendAsync(pool));

        Assert.Equal(PostgresErrorCodes.UndefinedFunction, Assert.IsType<PostgresException>(thrown.GetBaseException()).SqlState);
        await WaitForSessionsAsync(0);
        Assert.Equal(0, pool.Statistics.Size);
    }
}
