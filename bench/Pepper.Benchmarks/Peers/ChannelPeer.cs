using System.Threading.Channels;

namespace Pepper.Benchmarks;

internal sealed class ChannelPeer(bool isLimited) : Peer
{
    private Channel<object> _channel = Channel.CreateUnbounded<object>();
    private ValueTask<object>[] _parked = [];
    private CancellationTokenSource[] _sources = [];

    internal override string Name => isLimited ? "Channel, bounded" : "Channel, unbounded";

    internal override Task PrepareAsync(int places)
    {
        _channel = isLimited ? Channel.CreateBounded<object>(places) : Channel.CreateUnbounded<object>();
        for (var index = 0; index < places; index++)
        {
            _channel.Writer.TryWrite(new object());
        }

        return Task.CompletedTask;
    }

    internal override async Task LoopAsync(int operations)
    {
        var channel = _channel;
        for (var index = 0; index < operations; index++)
        {
            var item = await channel.Reader.ReadAsync();
            channel.Writer.TryWrite(item);
        }
    }

    internal override async Task LoopAsync(int operations, CancellationToken cancellationToken)
    {
        var channel = _channel;
        for (var index = 0; index < operations; index++)
        {
            var item = await channel.Reader.ReadAsync(cancellationToken);
            channel.Writer.TryWrite(item);
        }
    }

    internal override async Task YieldLoopAsync(int operations, WaitSamples samples)
    {
        var channel = _channel;
        for (var index = 0; index < operations; index++)
        {
            var begin = samples.Begin();
            var item = await channel.Reader.ReadAsync();
            samples.End(begin);
            await Task.Yield();
            channel.Writer.TryWrite(item);
        }
    }

    internal override async Task YieldLoopAsync(int operations, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var channel = _channel;
        for (var index = 0; index < operations; index++)
        {
            if (!channel.Reader.TryRead(out var item))
            {
                // A channel knows tokens only, so a timeout is a source of one's own.
                using var source = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                source.CancelAfter(timeout);
                item = await channel.Reader.ReadAsync(source.Token);
            }

            await Task.Yield();
            channel.Writer.TryWrite(item);
        }
    }

    internal override async Task HoldLoopAsync(int operations, HoldSamples samples)
    {
        var channel = _channel;
        for (var index = 0; index < operations; index++)
        {
            var begin = HoldSamples.Begin();
            var item = await channel.Reader.ReadAsync();
            var acquired = samples.Acquired(begin);
            await samples.HoldAsync();
            samples.Returning(acquired);
            channel.Writer.TryWrite(item);
        }
    }

    internal override async Task TakeAllAsync(int places, int waiters)
    {
        for (var index = 0; index < places; index++)
        {
            await _channel.Reader.ReadAsync();
        }

        _parked = new ValueTask<object>[waiters];
        _sources = new CancellationTokenSource[waiters];
    }

    internal override void Park(int index, TimeSpan? timeout, CancellationToken cancellationToken)
    {
        if (timeout is not { } limit)
        {
            _parked[index] = _channel.Reader.ReadAsync(cancellationToken);
            return;
        }

        var source = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        source.CancelAfter(limit);
        _sources[index] = source;
        _parked[index] = _channel.Reader.ReadAsync(source.Token);
    }

    internal override async Task EndParkedAsync()
    {
        foreach (var source in _sources.Where(static source => source is not null))
        {
            await source.CancelAsync();
            source.Dispose();
        }

        foreach (var wait in _parked)
        {
            await IgnoreCancellationAsync(wait.AsTask());
        }
    }

    public override ValueTask DisposeAsync() => default;
}
