using System.Net;
using System.Net.Sockets;
using Pepper.Resources.Pooling;

// Three hosts to talk to: here servers of our own, each of which answers every byte with the same byte.
using var stop = new CancellationTokenSource();
var hosts = Enumerable.Range(0, 3).Select(_ => StartServer(stop.Token)).ToArray();

// At most two connections to each host, and four in all; a host that nobody asks for is forgotten after a minute.
await using var pools = new KeyedResourcePool<IPEndPoint, TcpClient>(
    host => ResourceFactory.Create(async token =>
    {
        var client = new TcpClient();
        await client.ConnectAsync(host, token);
        return client;
    }),
    new KeyedResourcePoolOptions<IPEndPoint>
    {
        Name = "hosts",
        PerKey = new ResourcePoolOptions { MinSize = 0, MaxSize = 2, AcquireTimeout = TimeSpan.FromSeconds(5) },
        MaxTotal = 4,
        KeyIdleTimeout = TimeSpan.FromMinutes(1),
    });

// Thirty-two callers ask all three hosts at once: some of the six connections that they could use must make room for others.
await Parallel.ForAsync(0, 300, new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (number, token) =>
{
    await using var lease = await pools.AcquireAsync(hosts[number % hosts.Length], token);
    var stream = lease.Resource.GetStream();
    var answer = new byte[1];
    await stream.WriteAsync(new[] { (byte)number }, token);
    await stream.ReadExactlyAsync(answer, token);
    if (answer[0] != (byte)number)
    {
        throw new InvalidDataException($"asked {(byte)number}, was answered {answer[0]}");
    }
});

var statistics = pools.Statistics;
Console.WriteLine(
    $"{statistics.Acquired} questions to {statistics.Keys} hosts, {statistics.Size} connections of {statistics.MaxTotal}");

// A host is taken out of service: its connections are closed, and whoever asks for it again begins anew.
await pools.RetireAsync(hosts[0]);
Console.WriteLine($"{pools.Statistics.Keys} hosts left");
await stop.CancelAsync();

static IPEndPoint StartServer(CancellationToken stop)
{
    var listener = new TcpListener(IPAddress.Loopback, 0);
    listener.Start();
    _ = Task.Run(async () =>
    {
        using (listener)
        {
            while (true)
            {
                var client = await listener.AcceptTcpClientAsync(stop);
                _ = Task.Run(() => client.GetStream().CopyToAsync(client.GetStream(), stop), stop);
            }
        }
    }, stop);
    return (IPEndPoint)listener.LocalEndpoint;
}
