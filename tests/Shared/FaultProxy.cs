using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Pepper.Tests;

/// <summary>
/// Listens on a free port of the loopback and forwards to another one, until it is told to misbehave. It counts what it accepts.
/// When the target refuses a connection, the client's is reset at once. Safe from any thread.
/// </summary>
internal sealed class FaultProxy : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly ConcurrentDictionary<FaultProxyLink, Task> _links = new();
    private readonly ConcurrentQueue<long> _acceptedAt = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly IPEndPoint _target;
    private readonly Task _accepting;
    private long _swallowed;
    private FaultProxyPhase _phase = new(FaultProxyMode.Forward, TimeSpan.Zero);

    private FaultProxy(int targetPort)
    {
        _target = new IPEndPoint(IPAddress.Loopback, targetPort);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(1024);
        Port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
        _accepting = Task.Run(AcceptAsync);
    }

    internal int Port { get; }

    internal FaultProxyMode Mode => Phase.Mode;

    /// <summary>How many connections were accepted so far, whatever became of them.</summary>
    internal int Accepted => _acceptedAt.Count;

    /// <summary>How many connections there are now.</summary>
    internal int Open => _links.Count;

    /// <summary>How many bytes were swallowed.</summary>
    internal long Swallowed => Interlocked.Read(ref _swallowed);

    internal FaultProxyPhase Phase => Volatile.Read(ref _phase);

    internal static FaultProxy Start(int targetPort) => new(targetPort);

    /// <summary>When connections were accepted, as timestamps of <see cref="Stopwatch"/>, in order.</summary>
    internal long[] AcceptedAt() => [.. _acceptedAt];

    /// <summary>Passes everything on again.</summary>
    internal void Forward() => Enter(FaultProxyMode.Forward, TimeSpan.Zero);

    /// <summary>Passes each chunk on that much later, in both directions.</summary>
    internal void Delay(TimeSpan delay) => Enter(FaultProxyMode.Delay, delay);

    /// <summary>Lets new connections wait until another mode is set.</summary>
    internal void Hold() => Enter(FaultProxyMode.Hold, TimeSpan.Zero);

    /// <summary>Resets all connections, and each new one until another mode is set.</summary>
    internal void Reset() => Enter(FaultProxyMode.Reset, TimeSpan.Zero);

    /// <summary>Resets the connections that there are; new ones are treated as before.</summary>
    internal void ResetOnce()
    {
        foreach (var link in _links.Keys)
        {
            link.Reset();
        }
    }

    /// <summary>Swallows everything until another mode is set.</summary>
    internal void Blackhole() => Enter(FaultProxyMode.Blackhole, TimeSpan.Zero);

    internal void NoteSwallowed(int bytes) => Interlocked.Add(ref _swallowed, bytes);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        Phase.End();
        await _accepting;
        _listener.Dispose();
        ResetOnce();
        await Task.WhenAll(_links.Values);
        _stop.Dispose();
    }

    private void Enter(FaultProxyMode mode, TimeSpan delay)
    {
        Interlocked.Exchange(ref _phase, new FaultProxyPhase(mode, delay)).End();
        foreach (var link in _links.Keys)
        {
            link.NotePhase();
        }
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var client = await _listener.AcceptAsync(_stop.Token);
                _acceptedAt.Enqueue(Stopwatch.GetTimestamp());
                var link = new FaultProxyLink(this, client, _target);
                _links.TryAdd(link, Task.CompletedTask);
                _links.TryUpdate(link, RunAsync(link), Task.CompletedTask);
            }
            catch (Exception failure) when (failure is OperationCanceledException or SocketException)
            {
                // The end, or a client that has left already.
            }
        }
    }

    private async Task RunAsync(FaultProxyLink link)
    {
        // Elsewhere than in the loop that accepts, and after the link was put among the others.
        await Task.Yield();
        using (link)
        {
            try
            {
                await link.RunAsync(_stop.Token);
            }
            finally
            {
                _links.TryRemove(link, out _);
            }
        }
    }
}
