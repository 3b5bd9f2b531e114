using System.Data.Common;
using Npgsql;
using Pepper.Resources.Pooling;
using Pepper.Tests;

namespace Pepper.IntegrationTests.PostgreSql;

/// <summary>
/// Busy clients of a small pool while the server, or the way to it, fails and comes back: nobody gets somebody else's answer,
/// nobody waits for the whole acquire timeout, nothing is leaked, and all is well afterwards.
/// </summary>
public sealed class OutageRecoveryTests(PostgresFixture fixture) : ProxiedOutageTest(fixture)
{
    private readonly List<NpgsqlConnection> _foreign = [];

    [Fact]
    public async Task Use_ServerStoppedAndStarted_Recovers()
    {
        await using var pool = NewPool();
        await using var clients = await StartClientsAsync(pool);

        await StopAsync();
        await clients.WaitForFailuresAsync(3);
        await StartAsync();

        await AssertRecoveredAsync(pool, clients);
    }

    [Fact]
    public async Task Use_ServerFrozenAndThawed_Recovers()
    {
        Assert.SkipUnless(PostgresCluster.CanFreeze, "This system has no /proc, where the server's processes could be found.");
        await using var pool = NewPool();
        await using var clients = await StartClientsAsync(pool);

        await Cluster.FreezeServerAsync();
        await clients.WaitForFailuresAsync(2);
        await Cluster.ThawServerAsync();

        await AssertRecoveredAsync(pool, clients);
    }

    [Fact]
    public async Task Use_HalfOfTheSessionsKilled_OnlyTheirHoldersAreFailed()
    {
        await using var pool = NewPool();
        var sessions = await LendTogetherAsync(pool, Places);
        await using var clients = await StartClientsAsync(pool);

        await KillAsync(sessions[..(Places / 2)]);
        await clients.WaitForFailuresInAllAsync(1);

        await AssertRecoveredAsync(pool, clients);

        // The pool itself refuses nobody: a broken connection says nothing about whether another one can be opened. And one that
        // nobody held when it broke may be found out before it is lent again.
        Assert.InRange(clients.Failures.Count, 1, Places / 2);
        Assert.Equal(0, pool.Statistics.Circuit!.Opened);
        Assert.All(clients.Failures, static failure => Assert.IsAssignableFrom<NpgsqlException>(failure));
    }

    [Fact]
    public async Task Use_TooManyConnections_HalfOfThePoolServesAndTheRestComesBack()
    {
        await using var pool = NewPool();
        var sessions = await LendTogetherAsync(pool, Places);
        await using var clients = await StartClientsAsync(pool);
        await FillServerAsync();
        await CrowdOutAsync(sessions[..(Places / 2)]);

        // Each client is served by what is left: a full server is no reason to refuse those for whom something comes back.
        await UntilAsync(() => pool.Statistics.CreateFailures > 0);
        await clients.WaitForAnswersAsync(20);
        Assert.InRange(await CountSessionsAsync(), 0, Places / 2);

        await LeaveAsync();
        await UntilAsync(() => pool.Statistics.Size - pool.Statistics.Creating == Places);

        await AssertRecoveredAsync(pool, clients);
        Assert.InRange(clients.Failures.Count, 1, Places / 2);
        Assert.All(clients.Failures, static failure => Assert.IsAssignableFrom<NpgsqlException>(failure));
    }

    [Fact]
    public async Task Use_NetworkResetsConnections_Recovers()
    {
        await using var pool = NewPool();
        await using var clients = await StartClientsAsync(pool);

        Proxy.Reset();
        await clients.WaitForFailuresAsync(3);
        Proxy.Forward();

        await AssertRecoveredAsync(pool, clients);
    }

    [Fact]
    public async Task Use_NetworkResetsConnectionsOnce_OnlyTheirHoldersAreFailed()
    {
        await using var pool = NewPool();
        await using var clients = await StartClientsAsync(pool);

        Proxy.ResetOnce();
        await clients.WaitForFailuresInAllAsync(1);

        // A connection that nobody held at that moment may be found out before it is lent again.
        await AssertRecoveredAsync(pool, clients);
        Assert.InRange(clients.Failures.Count, 1, Places);
        Assert.All(clients.Failures, static failure => Assert.IsAssignableFrom<NpgsqlException>(failure));
    }

    [Fact]
    public async Task Use_NetworkSwallowsEverything_Recovers()
    {
        await using var pool = NewPool();
        await using var clients = await StartClientsAsync(pool);

        Proxy.Blackhole();
        await clients.WaitForFailuresAsync(1);
        Proxy.Forward();

        await AssertRecoveredAsync(pool, clients);
    }

    private protected override async Task RestoreAsync()
    {
        await Cluster.ThawServerAsync();
        await LeaveAsync();
    }

    private async Task AssertRecoveredAsync(ResourcePool<DbConnection> pool, OutageClients clients)
    {
        await clients.WaitForAnswersAsync(5);
        await clients.StopAsync();

        Assert.Equal(0, clients.Wrong);
        Assert.InRange(clients.LongestWait, TimeSpan.Zero, Options().AcquireTimeout / 2);
        Assert.Equal(0, pool.Statistics.InUse);
        Assert.Equal(0, pool.Statistics.Waiting);
        Assert.Equal(Places, (await LendTogetherAsync(pool, Places)).Distinct().Count());
        await WaitForSessionsAsync(Places);
        await pool.DisposeAsync();
        await WaitForSessionsAsync(0);
    }

    private async Task FillServerAsync()
    {
        // One of them is ours.
        await CountSessionsAsync();
        while (await TryOpenForeignAsync())
        {
            // Until the server has no place left.
        }
    }

    /// <summary>New connections of the pool wait in the proxy, so that it surely loses the race for the places.</summary>
    private async Task CrowdOutAsync(int[] sessions)
    {
        Proxy.Hold();
        await KillAsync(sessions);
        using var guard = new CancellationTokenSource(Guard);
        for (var taken = 0; taken < sessions.Length;)
        {
            guard.Token.ThrowIfCancellationRequested();
            taken += await TryOpenForeignAsync() ? 1 : 0;
        }

        Proxy.Forward();
    }

    private async Task<bool> TryOpenForeignAsync()
    {
        var connection = new NpgsqlConnection(Cluster.ConnectionString + ";Pooling=false");
        try
        {
            await connection.OpenAsync();
            _foreign.Add(connection);
            return true;
        }
        catch (PostgresException failure) when (failure.SqlState == PostgresErrorCodes.TooManyConnections)
        {
            await connection.DisposeAsync();
            return false;
        }
    }

    private async Task LeaveAsync()
    {
        foreach (var connection in _foreign)
        {
            await connection.DisposeAsync();
        }

        _foreign.Clear();
    }
}
