using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Pepper.IntegrationTests.PostgreSql;

/// <summary>Sends back what it gets, on a free port of the loopback.</summary>
internal sealed class EchoServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<Socket, Task> _sessions = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;
    private int _accepted;

    internal EchoServer()
    {
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _accepting = Task.Run(AcceptAsync);
    }

    internal int Port { get; }

    internal int Accepted => Volatile.Read(ref _accepted);

    internal int Open => _sessions.Count;

    /// <summary>Each chunk that came.</summary>
    internal ConcurrentQueue<string> Texts { get; } = new();

    public async ValueTask DisposeAsync()
    {
        if (!_stop.IsCancellationRequested)
        {
            await _stop.CancelAsync();
            await _accepting;
            _listener.Stop();
            await Task.WhenAll(_sessions.Values);
        }
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var session = await _listener.AcceptSocketAsync(_stop.Token);
                Interlocked.Increment(ref _accepted);
                _sessions.TryAdd(session, Task.CompletedTask);
                _sessions.TryUpdate(session, Task.Run(() => EchoAsync(session)), Task.CompletedTask);
            }
        }
        catch (Exception failure) when (failure is OperationCanceledException or SocketException)
        {
            // The end.
        }
    }

    private async Task EchoAsync(Socket session)
    {
        var buffer = new byte[4096];
        try
        {
            while (await session.ReceiveAsync(buffer, SocketFlags.None, _stop.Token) is var count and > 0)
            {
                Texts.Enqueue(Encoding.UTF8.GetString(buffer, 0, count));
                await session.SendAsync(buffer.AsMemory(0, count), SocketFlags.None, _stop.Token);
            }
        }
        catch (Exception failure) when (failure is OperationCanceledException or SocketException)
        {
            // The client has gone, or the server goes.
        }
        finally
        {
            session.Dispose();
            _sessions.TryRemove(session, out _);
        }
    }
}
