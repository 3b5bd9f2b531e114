using System.Net;
using System.Net.Sockets;
using Pepper.Resources;
using Pepper.Resources.Pooling;
using Pepper.Resources.Recovery;

// Two servers on this machine: a primary, which will go away for a while, and a replica.
var primary = NewServer(port: 0);
using var replica = NewServer(port: 0);
var primaryPort = ((IPEndPoint)primary.LocalEndpoint).Port;
var replicaPort = ((IPEndPoint)replica.LocalEndpoint).Port;

var healing = new ResourcePoolOptions { MaxSize = 4, MinSize = 0 };
healing.Recovery!.Circuit.FailureThreshold = 3;
healing.Recovery.Circuit.ResetTimeout = TimeSpan.FromMilliseconds(50);

await using var coordinator = ResourceCoordinator.CreateBuilder()
    .AddPool("primary", Connections(primaryPort), healing)
    .AddPool("replica", Connections(replicaPort), healing)
    .AddFallback("primary", "replica")
    .Build();
var pool = coordinator.GetPool<TcpClient>("primary");

Console.WriteLine($"all is well: {await AskAsync()}");

// The server goes. Whoever used its connection says that it is broken; creations fail, and the circuit opens: from then on
// nobody waits for a server that is not there.
primary.Dispose();
using (var lease = await pool.AcquireAsync())
{
    lease.Invalidate(new IOException("The server has closed the connection."));
}

for (var question = 0; question < 10; question++)
{
    await AskAsync();
}

var isClosed = pool.Statistics.Circuit!.State == CircuitState.Closed;
Console.WriteLine($"the primary is away: {await AskAsync()}, its circuit is {(isClosed ? "closed" : "open")}");

// It comes back. Nobody has to ask for anything: the pool finds out by itself, with one connection at a time.
primary = NewServer(primaryPort);
while (pool.Statistics.Circuit.State != CircuitState.Closed)
{
    await Task.Delay(TimeSpan.FromMilliseconds(10));
}

Console.WriteLine($"the primary is back: {await AskAsync()}, {pool.Statistics.Health}, {pool.Statistics.Recoveries} recovery");
primary.Dispose();

async Task<string> AskAsync()
{
    await using var lease = await coordinator.AcquireAsync<TcpClient>("primary");
    return $"served by the {lease.Source}";
}

static IResourceFactory<TcpClient> Connections(int port) => ResourceFactory.Create(async token =>
{
    var client = new TcpClient();
    try
    {
        await client.ConnectAsync(IPAddress.Loopback, port, token);
        return client;
    }
    catch
    {
        client.Dispose();
        throw;
    }
});

static TcpListener NewServer(int port)
{
    var server = new TcpListener(IPAddress.Loopback, port);
    server.Start();
    return server;
}
