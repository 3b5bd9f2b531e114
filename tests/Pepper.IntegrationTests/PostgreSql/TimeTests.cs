using System.Net;
using System.Net.Sockets;
using Npgsql;
using Pepper.Resources;
using Pepper.Resources.Connections;
using Pepper.Resources.Testing;

namespace Pepper.IntegrationTests.PostgreSql;

/// <summary>Deadlines, idle times and cancellation.</summary>
public sealed class TimeTests(PostgresFixture fixture) : PostgresTest(fixture)
{
    private const string IsSleeping = "wait_event = 'PgSleep'";

    [Fact]
    public async Task IdleTimeout_Passes_EndsTheSessionsDownToTheMinimum()
    {
        var time = new ManualTimeProvider();
        var options = Options(maxSize: 4, minSize: 1);
        options.IdleTimeout = TimeSpan.FromMinutes(5);
        await using var pool = NewPool(options, time: time);
        var leases = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => pool.AcquireAsync().AsTask())).WaitAsync(Guard);
        foreach (var lease in leases)
        {
            await lease.DisposeAsync();
        }

        time.Advance(TimeSpan.FromMinutes(4));
        Assert.Equal(4, await CountSessionsAsync());
        time.Advance(TimeSpan.FromMinutes(2));

        await WaitForSessionsAsync(1);

        // The session has ended before the pool has heard of it.
        await UntilAsync(() => pool.Statistics.Size == 1);
    }

    [Fact]
    public async Task MaxLifetime_Passes_EndsTheSession()
    {
        var time = new ManualTimeProvider();
        var options = Options();
        options.MaxLifetime = TimeSpan.FromMinutes(30);
        await using var pool = NewPool(options, time: time);
        var session = await LendAsync(pool);

        time.Advance(TimeSpan.FromMinutes(31));

        await WaitForSessionsAsync(0);
        Assert.NotEqual(session, await LendAsync(pool));
    }

    // The caller is told at once; but Npgsql, once it has reached the port, heeds no cancellation before its own Timeout has
    // passed.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task CreateTimeout_PortThatNeverAnswers_TellsTheCallerAndClosesTheSocket(bool isBlocking)
    {
        using var hole = new TcpListener(IPAddress.Loopback, 0);
        hole.Start();
        var time = new ManualTimeProvider();
        var options = Options();
        options.CreateTimeout = TimeSpan.FromSeconds(2);
        var url = $"postgresql://pepper@127.0.0.1:{((IPEndPoint)hole.LocalEndpoint).Port}/postgres?timeout=1";
        await using var pool = ConnectionPool.Create(
            NpgsqlFactory.Instance, url, options, timeProvider: time, monitor: Monitor);
        var acquire = isBlocking ? Task.Run(() => pool.Acquire(Guard)) : pool.AcquireAsync().AsTask();
        using var socket = await hole.AcceptTcpClientAsync().WaitAsync(Guard);
        var buffer = new byte[1024];
        Assert.NotEqual(0, await socket.GetStream().ReadAsync(buffer).AsTask().WaitAsync(Guard));
        Assert.False(acquire.IsCompleted);

        time.Advance(TimeSpan.FromSeconds(2));

        var thrown = await Assert.ThrowsAsync<ResourceTimeoutException>(() => acquire.WaitAsync(Guard));
        Assert.Equal(ResourceStage.Create, thrown.Stage);
        Assert.Equal(TimeSpan.FromSeconds(2), thrown.Timeout);
        await ReadToEndAsync(socket, buffer);
        await UntilAsync(() => pool.Statistics.Size == 0);
        Assert.Equal(1, pool.Statistics.CreateFailures);
    }

    [Fact]
    public async Task Timeout_OfTheProvider_CountsToo()
    {
        using var hole = new TcpListener(IPAddress.Loopback, 0);
        hole.Start();
        var port = ((IPEndPoint)hole.LocalEndpoint).Port;
        await using var pool = ConnectionPool.Create(
            NpgsqlFactory.Instance, $"postgresql://pepper@127.0.0.1:{port}/postgres?timeout=1", Options(), monitor: Monitor);

        var thrown = await Assert.ThrowsAsync<ResourceInitializationException>(() => LendAsync(pool));

        Assert.IsType<TimeoutException>(thrown.GetBaseException());
        Assert.Equal(0, pool.Statistics.Size);
    }

    [Fact]
    public async Task Cancel_RunningQuery_LeavesTheConnectionFit()
    {
        await using var pool = NewPool(connection: new() { ValidationQuery = "SELECT 1", ResetCommand = "DISCARD ALL" });
        using var cancel = new CancellationTokenSource();
        int session;
        await using (var lease = await pool.AcquireAsync())
        {
            session = await SessionAsync(lease.Resource);
            var sleep = ScalarAsync<object>(lease.Resource, "SELECT pg_sleep(600)", cancel.Token);
            await WaitForSessionsAsync(1, IsSleeping);

            await cancel.CancelAsync();

            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sleep.WaitAsync(Guard));
            await WaitForSessionsAsync(0, IsSleeping);
        }

        Assert.Equal(session, await LendAsync(pool));
        Assert.Equal(1, pool.Statistics.Created);
        Assert.Equal(0, pool.Statistics.InUse);
    }

    [Fact]
    public async Task Cancel_QueryOfADataSource_LeavesThePoolIntact()
    {
        await using var source = ConnectionPool.CreateDataSource(
            NpgsqlFactory.Instance, ConnectionString, Options(), monitor: Monitor);
        using var cancel = new CancellationTokenSource();
        int session;
        await using (var connection = await source.OpenConnectionAsync())
        {
            session = await SessionAsync(connection);
            await using var transaction = await connection.BeginTransactionAsync();
            var sleep = ScalarAsync<object>(connection, "SELECT pg_sleep(600)", cancel.Token);
            await WaitForSessionsAsync(1, IsSleeping);

            await cancel.CancelAsync();

            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sleep.WaitAsync(Guard));
        }

        await using var next = await source.OpenConnectionAsync();
        Assert.Equal(session, await SessionAsync(next));
        Assert.Equal(1, source.Pool.Statistics.Created);
    }

    [Fact]
    public async Task Cancel_Caller_LeavesTheNextOneServed()
    {
        await using var pool = NewPool();
        var lease = await pool.AcquireAsync();
        using var cancel = new CancellationTokenSource();
        var canceled = pool.AcquireAsync(cancel.Token).AsTask();
        var served = LendAsync(pool);
        var session = await SessionAsync(lease.Resource);

        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => canceled.WaitAsync(Guard));
        await lease.DisposeAsync();

        Assert.Equal(session, await served);
        Assert.Equal(1, await CountSessionsAsync());
    }

    private static async Task ReadToEndAsync(TcpClient socket, byte[] buffer)
    {
        using var guard = new CancellationTokenSource(Guard);
        try
        {
            while (await socket.GetStream().ReadAsync(buffer, guard.Token) > 0)
            {
            }
        }
        catch (IOException)
        {
            // The other side has reset the connection: closed it is as well.
        }
    }
}
