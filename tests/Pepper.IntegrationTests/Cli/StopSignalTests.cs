using System.Collections.Concurrent;
using Pepper.Cli.Demo;
using Pepper.Resources.Testing;

namespace Pepper.IntegrationTests.Cli;

public sealed class StopSignalTests
{
    [Fact]
    public async Task Receive_Once_CancelsAndLeavesOnlyWhenPatienceIsOver()
    {
        var time = new ManualTimeProvider();
        var left = new ConcurrentQueue<int>();
        using var stop = new StopSignal(left.Enqueue, time);
        var cancelled = new TaskCompletionSource();
        using var registration = stop.Token.Register(cancelled.SetResult);

        stop.Receive();

        await cancelled.Task.WaitAsync(TimeSpan.FromSeconds(30));
        time.Advance(TimeSpan.FromSeconds(4.4));
        Assert.Empty(left);
        time.Advance(TimeSpan.FromSeconds(0.2));
        Assert.Equal([1], left);
    }

    [Fact]
    public void Receive_Twice_LeavesAtOnce()
    {
        var left = new ConcurrentQueue<int>();
        using var stop = new StopSignal(left.Enqueue, new ManualTimeProvider());

        stop.Receive();
        Assert.Empty(left);
        stop.Receive();

        Assert.Equal([130], left);
    }

    [Fact]
    public void Dispose_AfterASignal_StopsTheClock()
    {
        var time = new ManualTimeProvider();
        var left = new ConcurrentQueue<int>();
        var stop = new StopSignal(left.Enqueue, time);
        stop.Receive();

        stop.Dispose();
        time.Advance(TimeSpan.FromSeconds(10));

        Assert.Empty(left);
    }
}
