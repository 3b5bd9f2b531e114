using System.Net;
using System.Net.Sockets;

namespace Pepper.Tests;

/// <summary>One connection through a <see cref="FaultProxy"/>: a client, and the target once it is connected.</summary>
internal sealed class FaultProxyLink(FaultProxy proxy, Socket client, IPEndPoint target) : IDisposable
{
    private const int BufferBytes = 16 * 1024;
    private readonly Socket _server = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private int _hasLost;
    private int _isReset;

    /// <summary>Runs until both sides have closed, or the connection is reset.</summary>
    internal async Task RunAsync(CancellationToken stop)
    {
        try
        {
            client.NoDelay = _server.NoDelay = true;
            NotePhase();
            await ConnectAsync(stop);
            await Task.WhenAll(PumpAsync(client, _server, stop), PumpAsync(_server, client, stop));
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // One side was reset, could not be reached, or the proxy is at its end: the other side is told in the same way.
            Reset();
        }
    }

    public void Dispose()
    {
        client.Dispose();
        _server.Dispose();
    }

    internal void Reset()
    {
        if (Interlocked.Exchange(ref _isReset, 1) == 0)
        {
            Abort(client);
            Abort(_server);
        }
    }

    /// <summary>Called after the proxy's mode has changed.</summary>
    internal void NotePhase()
    {
        if (proxy.Mode == FaultProxyMode.Reset || (proxy.Mode != FaultProxyMode.Blackhole && Volatile.Read(ref _hasLost) != 0))
        {
            Reset();
        }
    }

    private static void Abort(Socket socket)
    {
        try
        {
            socket.LingerState = new LingerOption(true, 0);
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            // Gone already.
        }

        socket.Close(0);
    }

    private async Task ConnectAsync(CancellationToken stop)
    {
        while (proxy.Phase is { Mode: FaultProxyMode.Hold } phase)
        {
            await phase.Ended.WaitAsync(stop);
        }

        if (proxy.Mode == FaultProxyMode.Blackhole)
        {
            await SwallowAsync(stop);
        }

        await _server.ConnectAsync(target, stop);
    }

    /// <summary>Reads what nobody will get, until the client leaves or the connection is reset.</summary>
    private async Task SwallowAsync(CancellationToken stop)
    {
        NoteLoss(0);
        var buffer = new byte[BufferBytes];
        while (await client.ReceiveAsync(buffer, SocketFlags.None, stop) is var count and > 0)
        {
            NoteLoss(count);
        }

        throw new SocketException((int)SocketError.ConnectionAborted);
    }

    private async Task PumpAsync(Socket from, Socket to, CancellationToken stop)
    {
        var buffer = new byte[BufferBytes];
        try
        {
            while (true)
            {
                var count = await from.ReceiveAsync(buffer, SocketFlags.None, stop);
                if (proxy.Phase is { Mode: FaultProxyMode.Delay } phase)
                {
                    await phase.WaitAsync();
                }

                var isLost = proxy.Mode == FaultProxyMode.Blackhole;
                if (isLost)
                {
                    NoteLoss(count);
                }

                if (count == 0)
                {
                    // What nobody hears of, the other side neither; a client that leaves is followed, or its link would stay.
                    EndOf(from, to, isLost);
                    return;
                }

                for (var sent = 0; sent < count && !isLost;)
                {
                    sent += await to.SendAsync(buffer.AsMemory(sent, count - sent), SocketFlags.None, stop);
                }
            }
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException && !IsLostOn(from))
        {
            Reset();
            throw;
        }
    }

    /// <summary>Whether the server's end is one of the things that a blackhole swallows.</summary>
    private bool IsLostOn(Socket from)
    {
        if (from != _server || proxy.Mode != FaultProxyMode.Blackhole || Volatile.Read(ref _isReset) != 0)
        {
            return false;
        }

        NoteLoss(0);
        return true;
    }

    private void EndOf(Socket from, Socket to, bool isLost)
    {
        if (!isLost)
        {
            to.Shutdown(SocketShutdown.Send);
        }
        else if (from == client)
        {
            Reset();
        }
    }

    private void NoteLoss(int bytes)
    {
        proxy.NoteSwallowed(bytes);
        Interlocked.Exchange(ref _hasLost, 1);
        // The mode may have ended just before.
        NotePhase();
    }
}
