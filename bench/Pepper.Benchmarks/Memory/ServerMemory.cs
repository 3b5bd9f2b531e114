using System.Diagnostics;
using Npgsql;

namespace Pepper.Benchmarks;

/// <summary>Looks every 50 ms how much memory all processes of a server take together, and keeps the most.</summary>
internal sealed class ServerMemory : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;
    private readonly int _postmaster;
    private ServerPeak _peak;

    internal ServerMemory(int postmaster)
    {
        _postmaster = postmaster;
        _peak = new ServerPeak(0, 0, ProcessMemory.ProportionalBytes(postmaster) is not null);
        _loop = Task.Run(LoopAsync);
    }

    /// <summary>The process that starts the others: the parent of the one that serves this very question.</summary>
    internal static async Task<int> FindPostmasterAsync(string connectionString)
    {
        await using var connection = new NpgsqlConnection(connectionString + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("SELECT pg_backend_pid()", connection);
        var backend = (int)(await command.ExecuteScalarAsync())!;
        return ProcessMemory.Parent(backend) ?? throw new InvalidOperationException($"Server process {backend} has no parent.");
    }

    internal async Task<ServerPeak> StopAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        return _peak;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
    }

    private async Task LoopAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            var started = Stopwatch.GetTimestamp();
            Look();
            var left = Interval - Stopwatch.GetElapsedTime(started);
            if (left > TimeSpan.Zero)
            {
                await Task.Delay(left, TimeProvider.System, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private void Look()
    {
        int[] processes = [_postmaster, .. ProcessMemory.Children(_postmaster)];
        var bytes = processes.Sum(process => _peak.IsProportional
            ? ProcessMemory.ProportionalBytes(process) ?? 0
            : ProcessMemory.ResidentBytes(process));
        _peak = _peak with { Bytes = Math.Max(_peak.Bytes, bytes), Processes = Math.Max(_peak.Processes, processes.Length) };
    }
}

/// <summary>The most that there was: of bytes, and of processes.</summary>
internal readonly record struct ServerPeak(long Bytes, int Processes, bool IsProportional);
