using Npgsql;
using Pepper.Resources.Recovery;

namespace Pepper.IntegrationTests.PostgreSql;

/// <summary>
/// While nothing can be opened, the pool's circuit is open: callers are told at once, and the server is left alone.
/// </summary>
public sealed class OutageCircuitTests(PostgresFixture fixture) : ProxiedOutageTest(fixture)
{
    [Fact]
    public async Task Use_NothingCanBeOpened_ManyAreToldAndFewConnectsAreTried()
    {
        await using var pool = NewPool();
        await using var clients = await StartClientsAsync(pool);

        Proxy.Reset();
        await clients.WaitForFailureAsync<CircuitOpenException>();
        var accepted = Proxy.Accepted;
        await clients.WaitForFailuresAsync(20);

        // The pool's own probes, the first a second after the circuit has opened, and what was under way before.
        Assert.InRange(Proxy.Accepted - accepted, 0, 10);

        Proxy.Forward();
        await clients.WaitForAnswersAsync(5);
        await clients.StopAsync();
        Assert.Equal(0, clients.Wrong);
        Assert.All(
            clients.Failures.OfType<CircuitOpenException>(),
            static failure => Assert.IsType<NpgsqlException>(failure.InnerException));
        await LendTogetherAsync(pool, Places);
        await WaitForSessionsAsync(Places);
    }

    [Fact]
    public async Task Acquire_CircuitIsOpenAndSomethingIsIdle_Lends()
    {
        await using var pool = NewPool();
        var lease = await pool.AcquireAsync();
        var session = await SessionAsync(lease.Resource);
        Proxy.Hold();
        await using var clients = new OutageClients(pool, Clients);
        await clients.WaitForFailureAsync<CircuitOpenException>();
        await clients.StopAsync();

        await lease.DisposeAsync();

        Assert.Equal(session, await LendAsync(pool));
    }
}
