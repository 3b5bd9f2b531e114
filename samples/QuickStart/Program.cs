using System.Net;
using System.Net.Sockets;
using Pepper.Resources.Pooling;

// Something expensive to connect to: here a server of our own that answers each line with the same line.
using var listener = new TcpListener(IPAddress.Loopback, 0);
listener.Start();
var endpoint = (IPEndPoint)listener.LocalEndpoint;
var accepted = 0;
_ = Task.Run(async () =>
{
    while (true)
    {
        var client = await listener.AcceptTcpClientAsync();
        Interlocked.Increment(ref accepted);
        _ = Task.Run(async () =>
        {
            using (client)
            {
                await client.GetStream().CopyToAsync(client.GetStream());
            }
        });
    }
});

// How a connection is made and checked. It is closed by its own Dispose.
var factory = ResourceFactory.Create(
    create: async token =>
    {
        var client = new TcpClient();
        await client.ConnectAsync(endpoint, token);
        return client;
    },
    validate: (client, _) => new ValueTask<bool>(client.Connected));

// At most four of them, however many ask; who must wait is served in order, within the time.
await using var pool = new ResourcePool<TcpClient>(factory, new ResourcePoolOptions
{
    Name = "echo",
    MaxSize = 4,
    AcquireTimeout = TimeSpan.FromSeconds(5),
    IdleTimeout = TimeSpan.FromMinutes(1),
});

await Parallel.ForAsync(0, 200, new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (number, token) =>
{
    await using var lease = await pool.AcquireAsync(token);
    var stream = lease.Resource.GetStream();
    try
    {
        await stream.WriteAsync(BitConverter.GetBytes(number), token);
        var answer = new byte[sizeof(int)];
        await stream.ReadExactlyAsync(answer, token);
        if (BitConverter.ToInt32(answer) != number)
        {
            throw new InvalidDataException($"asked {number}, was answered {BitConverter.ToInt32(answer)}");
        }
    }
    catch (IOException failure)
    {
        lease.Invalidate(failure); // broken: destroyed instead of reused
        throw;
    }
});

var statistics = pool.Statistics;
Console.WriteLine($"200 questions over {statistics.Created} connections ({accepted} accepted), {statistics.InUse} still lent");
