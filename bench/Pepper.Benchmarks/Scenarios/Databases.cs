using System.Collections.Concurrent;
using System.Data.Common;
using System.Diagnostics;
using Npgsql;
using Pepper.Resources.Connections;
using Pepper.Resources.Pooling;
using Pepper.Tests;

namespace Pepper.Benchmarks;

/// <summary>
/// The pool beside Npgsql's own and a hand-written one, on a real PostgreSQL that lives as long as the scenario.
/// </summary>
internal static class Databases
{
    private const int Places = 8;

    internal static async Task<IReadOnlyList<Result>> RunAsync(string scenario, int rounds, int tasks, bool isQueried)
    {
        await using var cluster = await PostgresCluster.StartAsync();
        List<DatabasePeer> peers =
        [
            new PepperDatabasePeer(cluster, WakeUp.Local), new PepperDatabasePeer(cluster, WakeUp.Fair),
            new NpgsqlPoolPeer(cluster, isReset: true), new SemaphoreDatabasePeer(cluster),
        ];
        if (isQueried)
        {
            peers.Add(new NpgsqlPoolPeer(cluster, isReset: false));
        }

        var samples = peers.ToDictionary(static peer => peer, static _ => new List<Sample>());
        foreach (var peer in peers)
        {
            await peer.OpenAsync();
            // As after a busy time: a pool that has only ever lent one connection at a time would have no choice later.
            await MeasureAsync(peer, 32, 4_000, isQueried);
        }

        for (var round = 0; round < rounds; round++)
        {
            for (var turn = 0; turn < peers.Count; turn++)
            {
                var peer = peers[(turn + round) % peers.Count];
                samples[peer].Add(await MeasureAsync(peer, tasks, isQueried ? 20_000 : 200_000, isQueried));
            }
        }

        foreach (var peer in peers)
        {
            await peer.DisposeAsync();
        }

        return Rounds.Summarize(scenario, [.. peers.Select(peer => (peer.Name, peer.Version, samples[peer]))]);
    }

    private static async Task<Sample> MeasureAsync(DatabasePeer peer, int tasks, int operations, bool isQueried)
    {
        var each = operations / tasks;
        var samples = Enumerable.Range(0, tasks).Select(_ => new WaitSamples((each / 8) + 1)).ToArray();
        var bytes = GC.GetTotalAllocatedBytes(precise: true);
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAll(samples.Select(mine => Task.Run(() =>
            isQueried ? peer.QueryLoopAsync(each, mine) : peer.OpenLoopAsync(each, mine))));
        var time = Stopwatch.GetElapsedTime(started);
        bytes = GC.GetTotalAllocatedBytes(precise: true) - bytes;
        return new Sample(
            KopsPerSec: each * tasks / time.TotalMilliseconds,
            P99us: WaitSamples.PercentileMicroseconds(samples, 0.99),
            P999us: WaitSamples.PercentileMicroseconds(samples, 0.999),
            BytesPerOp: Math.Round((double)bytes / (each * tasks)));
    }

    private static async Task SelectAsync(DbConnection connection)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = "SELECT 1";
        await command.ExecuteScalarAsync();
    }

    private abstract class DatabasePeer : IAsyncDisposable
    {
        internal abstract string Name { get; }

        internal virtual string Version => typeof(NpgsqlConnection).Assembly.GetName().Version!.ToString(3);

        internal abstract Task OpenAsync();

        /// <summary>Opens, yields and closes; times the opening.</summary>
        internal abstract Task OpenLoopAsync(int operations, WaitSamples samples);

        /// <summary>Opens, asks for 1, and closes; times all of it.</summary>
        internal abstract Task QueryLoopAsync(int operations, WaitSamples samples);

        public abstract ValueTask DisposeAsync();
    }

    private sealed class PepperDatabasePeer(PostgresCluster cluster, WakeUp wakeUp) : DatabasePeer
    {
        private readonly ResourcePool<DbConnection> _pool = ConnectionPool.Create(
            NpgsqlFactory.Instance,
            cluster.ConnectionString,
            new ResourcePoolOptions { Name = "bench-pg", MinSize = Places, MaxSize = Places, WakeUp = wakeUp });

        internal override string Name => wakeUp == WakeUp.Fair ? "Pepper, WakeUp.Fair" : "Pepper";

        internal override string Version => typeof(ResourcePool<>).Assembly.GetName().Version!.ToString(3);

        internal override Task OpenAsync() => _pool.WarmUpAsync();

        internal override async Task OpenLoopAsync(int operations, WaitSamples samples)
        {
            for (var index = 0; index < operations; index++)
            {
                var begin = samples.Begin();
                var lease = await _pool.AcquireAsync();
                samples.End(begin);
                await Task.Yield();
                lease.Dispose();
            }
        }

        internal override async Task QueryLoopAsync(int operations, WaitSamples samples)
        {
            for (var index = 0; index < operations; index++)
            {
                var begin = samples.Begin();
                await using (var lease = await _pool.AcquireAsync())
                {
                    await SelectAsync(lease.Resource);
                }

                samples.End(begin);
            }
        }

        public override ValueTask DisposeAsync() => _pool.DisposeAsync();
    }

    private sealed class NpgsqlPoolPeer(PostgresCluster cluster, bool isReset) : DatabasePeer
    {
        private readonly NpgsqlDataSource _source = NpgsqlDataSource.Create(
            cluster.ConnectionString + $";Minimum Pool Size={Places};Maximum Pool Size={Places};No Reset On Close={!isReset}");

        internal override string Name => isReset ? "Npgsql's pool, default" : "Npgsql's pool, No Reset On Close";

        internal override async Task OpenAsync()
        {
            await using var connection = await _source.OpenConnectionAsync();
        }

        internal override async Task OpenLoopAsync(int operations, WaitSamples samples)
        {
            for (var index = 0; index < operations; index++)
            {
                var begin = samples.Begin();
                var connection = await _source.OpenConnectionAsync();
                samples.End(begin);
                await Task.Yield();
                await connection.DisposeAsync();
            }
        }

        internal override async Task QueryLoopAsync(int operations, WaitSamples samples)
        {
            for (var index = 0; index < operations; index++)
            {
                var begin = samples.Begin();
                await using (var connection = await _source.OpenConnectionAsync())
                {
                    await SelectAsync(connection);
                }

                samples.End(begin);
            }
        }

        public override ValueTask DisposeAsync() => _source.DisposeAsync();
    }

    private sealed class SemaphoreDatabasePeer(PostgresCluster cluster) : DatabasePeer
    {
        private readonly SemaphoreSlim _semaphore = new(Places);
        private readonly ConcurrentBag<NpgsqlConnection> _connections = [];

        internal override string Name => "SemaphoreSlim + ConcurrentBag";

        internal override async Task OpenAsync()
        {
            for (var index = 0; index < Places; index++)
            {
                var connection = new NpgsqlConnection(cluster.ConnectionString + ";Pooling=false");
                await connection.OpenAsync();
                _connections.Add(connection);
            }
        }

        internal override async Task OpenLoopAsync(int operations, WaitSamples samples)
        {
            for (var index = 0; index < operations; index++)
            {
                var begin = samples.Begin();
                await _semaphore.WaitAsync();
                _connections.TryTake(out var connection);
                samples.End(begin);
                await Task.Yield();
                _connections.Add(connection!);
                _semaphore.Release();
            }
        }

        internal override async Task QueryLoopAsync(int operations, WaitSamples samples)
        {
            for (var index = 0; index < operations; index++)
            {
                var begin = samples.Begin();
                await _semaphore.WaitAsync();
                _connections.TryTake(out var connection);
                await SelectAsync(connection!);
                _connections.Add(connection!);
                _semaphore.Release();
                samples.End(begin);
            }
        }

        public override async ValueTask DisposeAsync()
        {
            foreach (var connection in _connections)
            {
                await connection.DisposeAsync();
            }

            _semaphore.Dispose();
        }
    }
}
