using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Threading.Channels;
using Microsoft.Extensions.ObjectPool;
using Pepper.Resources.Pooling;

namespace Pepper.Benchmarks;

/// <summary>
/// Acquire and release, us and the peers in turn in one run, the order rotated each round; medians, and ratios to Pepper. The
/// machine may be noisy: the ratios are what counts.
/// </summary>
internal static class Compare
{
    private const int Rounds = 7;

    internal static async Task<int> RunAsync(TextWriter output)
    {
        Peer[] peers = [new PepperPeer(), new ObjectPoolPeer(), new SemaphorePeer(), new ChannelPeer()];
        foreach (var peer in peers)
        {
            await peer.LoopAsync(300_000);
        }

        await ReportAsync(output, "1 thread, acquire + release, ns", peers, static peer => TimeOneThreadAsync(peer));
        await ReportAsync(output, "2 threads, places for both, million operations a second", peers, TimeTwoThreadsAsync);
        Peer[] bounded = [.. peers.Where(static peer => peer.IsBounded)];
        foreach (var (tasks, places) in new[] { (8, 4), (32, 8), (128, 8) })
        {
            await ReportAsync(
                output, $"{tasks} tasks over {places} places, hold = yield, thousand operations a second", bounded,
                peer => TimeContendedAsync(peer, tasks, places));
        }

        return 0;
    }

    private static async Task ReportAsync(
        TextWriter output, string scenario, Peer[] peers, Func<Peer, Task<(double Value, double Bytes)>> measure)
    {
        var results = peers.ToDictionary(static peer => peer, static _ => new List<(double Value, double Bytes)>());
        for (var round = 0; round < Rounds; round++)
        {
            for (var turn = 0; turn < peers.Length; turn++)
            {
                var peer = peers[(turn + round) % peers.Length];
                results[peer].Add(await measure(peer));
            }
        }

        var ours = Median(results[peers[0]].Select(static result => result.Value));
        await output.WriteLineAsync($"\n{scenario}");
        foreach (var peer in peers)
        {
            var value = Median(results[peer].Select(static result => result.Value));
            var bytes = Median(results[peer].Select(static result => result.Bytes));
            await output.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture,
                $"  {peer.Name,-34} {value,10:0.00}   Pepper is {ours / value,5:0.00} ×   {bytes,6:0.0} B/op"));
        }
    }

    private static async Task<(double Value, double Bytes)> TimeOneThreadAsync(Peer peer)
    {
        const int operations = 2_000_000;
        peer.Prepare(8);
        await peer.LoopAsync(10_000);
        var bytes = GC.GetTotalAllocatedBytes(precise: true);
        var started = Stopwatch.GetTimestamp();
        await peer.LoopAsync(operations);
        var time = Stopwatch.GetElapsedTime(started);
        return (time.TotalNanoseconds / operations, (double)(GC.GetTotalAllocatedBytes(precise: true) - bytes) / operations);
    }

    private static async Task<(double Value, double Bytes)> TimeTwoThreadsAsync(Peer peer)
    {
        const int operations = 2_000_000;
        peer.Prepare(8);
        var bytes = GC.GetTotalAllocatedBytes(precise: true);
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAll(Task.Run(() => peer.LoopAsync(operations)), Task.Run(() => peer.LoopAsync(operations)));
        var time = Stopwatch.GetElapsedTime(started);
        var allocated = GC.GetTotalAllocatedBytes(precise: true) - bytes;
        return (2 * operations / time.TotalMicroseconds, (double)allocated / (2 * operations));
    }

    private static async Task<(double Value, double Bytes)> TimeContendedAsync(Peer peer, int tasks, int places)
    {
        var operations = 600_000 / tasks;
        peer.Prepare(places);
        var bytes = GC.GetTotalAllocatedBytes(precise: true);
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, tasks).Select(_ => Task.Run(() => peer.YieldLoopAsync(operations))));
        var time = Stopwatch.GetElapsedTime(started);
        var total = operations * tasks;
        return (total / time.TotalMilliseconds, (double)(GC.GetTotalAllocatedBytes(precise: true) - bytes) / total);
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted[sorted.Length / 2];
    }
}

internal abstract class Peer
{
    internal abstract string Name { get; }

    internal virtual bool IsBounded => true;

    internal abstract void Prepare(int places);

    internal abstract Task LoopAsync(int operations);

    internal abstract Task YieldLoopAsync(int operations);
}

internal sealed class PepperPeer : Peer
{
    private ResourcePool<object> _pool = NewPool(8);

    internal override string Name => "Pepper ResourcePool";

    internal override void Prepare(int places) => _pool = NewPool(places);

    internal override async Task LoopAsync(int operations)
    {
        for (var index = 0; index < operations; index++)
        {
            var lease = await _pool.AcquireAsync();
            lease.Dispose();
        }
    }

    internal override async Task YieldLoopAsync(int operations)
    {
        for (var index = 0; index < operations; index++)
        {
            var lease = await _pool.AcquireAsync();
            await Task.Yield();
            lease.Dispose();
        }
    }

    private static ResourcePool<object> NewPool(int places) => new(
        ResourceFactory.Create(static _ => new ValueTask<object>(new object())),
        new ResourcePoolOptions { Name = "bench", MaxSize = places, MinSize = places });
}

internal sealed class ObjectPoolPeer : Peer
{
    private ObjectPool<object> _pool = NewPool(8);

    internal override string Name => "ObjectPool (unbounded, never waits)";

    internal override bool IsBounded => false;

    internal override void Prepare(int places) => _pool = NewPool(places);

    internal override Task LoopAsync(int operations)
    {
        for (var index = 0; index < operations; index++)
        {
            _pool.Return(_pool.Get());
        }

        return Task.CompletedTask;
    }

    internal override async Task YieldLoopAsync(int operations)
    {
        for (var index = 0; index < operations; index++)
        {
            var item = _pool.Get();
            await Task.Yield();
            _pool.Return(item);
        }
    }

    private static DefaultObjectPool<object> NewPool(int places) => new(new DefaultPooledObjectPolicy<object>(), places);
}

internal sealed class SemaphorePeer : Peer, IDisposable
{
    private SemaphoreSlim _semaphore = new(8);
    private ConcurrentQueue<object> _items = NewItems(8);

    public void Dispose() => _semaphore.Dispose();

    internal override string Name => "SemaphoreSlim + ConcurrentQueue";

    internal override void Prepare(int places)
    {
        _semaphore = new SemaphoreSlim(places);
        _items = NewItems(places);
    }

    internal override async Task LoopAsync(int operations)
    {
        for (var index = 0; index < operations; index++)
        {
            await _semaphore.WaitAsync();
            _items.TryDequeue(out var item);
            _items.Enqueue(item!);
            _semaphore.Release();
        }
    }

    internal override async Task YieldLoopAsync(int operations)
    {
        for (var index = 0; index < operations; index++)
        {
            await _semaphore.WaitAsync();
            _items.TryDequeue(out var item);
            await Task.Yield();
            _items.Enqueue(item!);
            _semaphore.Release();
        }
    }

    private static ConcurrentQueue<object> NewItems(int places) =>
        new(Enumerable.Range(0, places).Select(static _ => new object()));
}

internal sealed class ChannelPeer : Peer
{
    private Channel<object> _channel = NewChannel(8);

    internal override string Name => "Channel (unbounded)";

    internal override void Prepare(int places) => _channel = NewChannel(places);

    internal override async Task LoopAsync(int operations)
    {
        for (var index = 0; index < operations; index++)
        {
            var item = await _channel.Reader.ReadAsync();
            _channel.Writer.TryWrite(item);
        }
    }

    internal override async Task YieldLoopAsync(int operations)
    {
        for (var index = 0; index < operations; index++)
        {
            var item = await _channel.Reader.ReadAsync();
            await Task.Yield();
            _channel.Writer.TryWrite(item);
        }
    }

    private static Channel<object> NewChannel(int places)
    {
        var channel = Channel.CreateUnbounded<object>();
        for (var index = 0; index < places; index++)
        {
            channel.Writer.TryWrite(new object());
        }

        return channel;
    }
}
