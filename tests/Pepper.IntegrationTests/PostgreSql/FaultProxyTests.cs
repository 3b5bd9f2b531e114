using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Pepper.Tests;

namespace Pepper.IntegrationTests.PostgreSql;

/// <summary>The proxy that other tests break connections with, in front of a server that sends back what it gets.</summary>
public sealed class FaultProxyTests : IAsyncLifetime
{
    private static readonly TimeSpan Guard = TimeSpan.FromSeconds(30);
    private readonly EchoServer _server = new();
    private readonly List<Socket> _clients = [];
    private FaultProxy? _proxy;

    private FaultProxy Proxy => _proxy!;

    public ValueTask InitializeAsync()
    {
        _proxy = FaultProxy.Start(_server.Port);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        _clients.ForEach(static client => client.Dispose());
        await Proxy.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Forward_ManyClients_EachGetsItsOwnBack()
    {
        var clients = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => ConnectAsync()));

        var texts = await Task.WhenAll(clients.Select(static (client, index) => EchoAsync(client, $"client {index}")));

        Assert.Equal(Enumerable.Range(0, 8).Select(static index => $"client {index}"), texts);
        Assert.Equal(8, Proxy.Accepted);
        Assert.Equal(8, Proxy.Open);
    }

    [Fact]
    public async Task Forward_MoreThanABuffer_ArrivesWhole()
    {
        var client = await ConnectAsync();
        var text = string.Concat(Enumerable.Range(0, 40_000).Select(static number => $"{number},"));

        Assert.Equal(text, await EchoAsync(client, text));
    }

    [Fact]
    public async Task Forward_ClientLeaves_ServerHearsOfItAndTheLinkIsGone()
    {
        var client = await ConnectAsync();
        await EchoAsync(client, "a");

        client.Dispose();

        await UntilAsync(() => _server.Open == 0 && Proxy.Open == 0);
    }

    [Fact]
    public async Task Forward_TargetRefuses_ClientIsReset()
    {
        await _server.DisposeAsync();

        Assert.Equal(SocketError.ConnectionReset, await FailureOfConnectAsync());

        Assert.Equal(1, Proxy.Accepted);
    }

    [Fact]
    public async Task AcceptedAt_SeveralConnections_AreInOrderAndFromNow()
    {
        var before = Stopwatch.GetTimestamp();
        await EchoAsync(await ConnectAsync(), "a");
        var between = Stopwatch.GetTimestamp();
        await EchoAsync(await ConnectAsync(), "b");

        var times = Proxy.AcceptedAt();

        Assert.Equal(2, times.Length);
        Assert.InRange(times[0], before, between);
        Assert.InRange(times[1], between, Stopwatch.GetTimestamp());
    }

    [Fact]
    public async Task Delay_OneRoundTrip_TakesTwiceAsLongAndIsWhole()
    {
        var delay = TimeSpan.FromMilliseconds(50);
        var client = await ConnectAsync();
        await EchoAsync(client, "a");
        Proxy.Delay(delay);
        var begin = Stopwatch.GetTimestamp();

        Assert.Equal("b", await EchoAsync(client, "b"));

        // Timers may be early by a tick of the system's coarse clock.
        Assert.True(Stopwatch.GetElapsedTime(begin) > 1.7 * delay, $"{Stopwatch.GetElapsedTime(begin)}");
    }

    [Fact]
    public async Task Delay_Ends_WhatIsUnderWayArrivesAtOnce()
    {
        var client = await ConnectAsync();
        await EchoAsync(client, "a");
        Proxy.Delay(TimeSpan.FromHours(1));
        var echo = EchoAsync(client, "b");
        await client.SendAsync("c"u8.ToArray(), SocketFlags.None);
        Assert.False(echo.IsCompleted);

        Proxy.Forward();

        Assert.Equal("b", await echo);
    }

    [Fact]
    public async Task Reset_ConnectionsOldAndNew_AreResetUntilItEnds()
    {
        var old = await ConnectAsync();
        await EchoAsync(old, "a");

        Proxy.Reset();

        Assert.Equal(SocketError.ConnectionReset, await FailureAsync(old));
        Assert.Equal(SocketError.ConnectionReset, await FailureOfConnectAsync());
        Assert.Equal(2, Proxy.Accepted);
        await UntilAsync(() => _server.Open == 0 && Proxy.Open == 0);

        Proxy.Forward();
        Assert.Equal("b", await EchoAsync(await ConnectAsync(), "b"));
    }

    [Fact]
    public async Task ResetOnce_NewConnection_Works()
    {
        var old = await ConnectAsync();
        await EchoAsync(old, "a");

        Proxy.ResetOnce();

        Assert.Equal(SocketError.ConnectionReset, await FailureAsync(old));
        Assert.Equal("b", await EchoAsync(await ConnectAsync(), "b"));
    }

    [Fact]
    public async Task Blackhole_ConnectionsOldAndNew_AreNotAnsweredAndResetWhenItEnds()
    {
        var old = await ConnectAsync();
        await EchoAsync(old, "a");
        Proxy.Blackhole();
        var young = await ConnectAsync();
        var echoes = new[] { FailureOfEchoAsync(old), FailureOfEchoAsync(young) };
        await UntilAsync(() => Proxy.Swallowed == 2 * "lost".Length);
        Assert.Equal(2, Proxy.Accepted);
        Assert.Equal(1, _server.Accepted);
        Assert.All(echoes, static echo => Assert.False(echo.IsCompleted));

        Proxy.Forward();

        Assert.All(await Task.WhenAll(echoes), static error => Assert.Equal(SocketError.ConnectionReset, error));
        Assert.Equal("b", await EchoAsync(await ConnectAsync(), "b"));
        Assert.Equal("a b", string.Join(' ', _server.Texts));
    }

    [Fact]
    public async Task Blackhole_NothingWasLost_ConnectionGoesOn()
    {
        var client = await ConnectAsync();
        await EchoAsync(client, "a");
        Proxy.Blackhole();

        Proxy.Forward();

        Assert.Equal("b", await EchoAsync(client, "b"));
    }

    [Fact]
    public async Task Blackhole_ClientLeaves_LinkIsGone()
    {
        var old = await ConnectAsync();
        await EchoAsync(old, "a");
        Proxy.Blackhole();
        var young = await ConnectAsync();
        await UntilAsync(() => Proxy.Open == 2);

        old.Dispose();
        young.Dispose();

        await UntilAsync(() => _server.Open == 0 && Proxy.Open == 0);
    }

    [Fact]
    public async Task Hold_OldConnection_WorksAndANewOneReachesTheTargetWhenItEnds()
    {
        var old = await ConnectAsync();
        await EchoAsync(old, "a");
        Proxy.Hold();
        var young = await ConnectAsync();
        var echo = EchoAsync(young, "c");
        await UntilAsync(() => Proxy.Accepted == 2);
        Assert.Equal("b", await EchoAsync(old, "b"));
        Assert.Equal(1, _server.Accepted);

        Proxy.Forward();

        Assert.Equal("c", await echo);
    }

    [Fact]
    public async Task Dispose_ConnectionsOpen_ResetsThem()
    {
        var client = await ConnectAsync();
        await EchoAsync(client, "a");

        await Proxy.DisposeAsync();

        Assert.Equal(SocketError.ConnectionReset, await FailureAsync(client));
        Assert.Equal(0, Proxy.Open);
        _proxy = FaultProxy.Start(_server.Port);
    }

    private static async Task<string> EchoAsync(Socket client, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var got = new byte[bytes.Length];
        var sending = client.SendAsync(bytes, SocketFlags.None);
        for (var count = 0; count < got.Length;)
        {
            var read = await client.ReceiveAsync(got.AsMemory(count), SocketFlags.None).AsTask().WaitAsync(Guard);
            Assert.NotEqual(0, read);
            count += read;
        }

        await sending;
        return Encoding.UTF8.GetString(got);
    }

    /// <summary>What a client that only listens is told.</summary>
    private static async Task<SocketError> FailureAsync(Socket client) =>
        (await Assert.ThrowsAsync<SocketException>(() => ListenAsync(client))).SocketErrorCode;

    private static Task ListenAsync(Socket client) => client.ReceiveAsync(new byte[1], SocketFlags.None).WaitAsync(Guard);

    private static async Task<SocketError> FailureOfEchoAsync(Socket client) =>
        (await Assert.ThrowsAsync<SocketException>(() => EchoAsync(client, "lost"))).SocketErrorCode;

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var guard = new CancellationTokenSource(Guard);
        while (!condition())
        {
            guard.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    /// <summary>A reset may come as early as during the connect, or not before something is read.</summary>
    private async Task<SocketError> FailureOfConnectAsync() =>
        (await Assert.ThrowsAsync<SocketException>(async () => await ListenAsync(await ConnectAsync()))).SocketErrorCode;

    private async Task<Socket> ConnectAsync()
    {
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _clients.Add(client);
        await client.ConnectAsync(IPAddress.Loopback, Proxy.Port).WaitAsync(Guard);
        return client;
    }
}
