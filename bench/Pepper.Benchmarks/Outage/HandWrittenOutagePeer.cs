using System.Collections.Concurrent;
using System.Data;
using System.Data.Common;
using Npgsql;
using Polly;
using Polly.Retry;

namespace Pepper.Benchmarks;

/// <summary>
/// What a careful engineer writes: a semaphore for the places, a bag for idle connections, one that failed is dropped, and what
/// looks transient is tried again three times.
/// </summary>
internal sealed class HandWrittenOutagePeer(string connectionString) : OutagePeer
{
    private readonly string _connectionString = $"{connectionString};Pooling=false;Timeout={OutageLimits.OpenSeconds}";
    private readonly SemaphoreSlim _places = new(OutageLimits.Places);
    private readonly ConcurrentBag<NpgsqlConnection> _idle = [];
    private readonly ResiliencePipeline _retry = new ResiliencePipelineBuilder().AddRetry(new RetryStrategyOptions
    {
        ShouldHandle = new PredicateBuilder().Handle<NpgsqlException>(static failure => failure.IsTransient),
        MaxRetryAttempts = 3,
        Delay = TimeSpan.FromMilliseconds(200),
        BackoffType = DelayBackoffType.Exponential,
        UseJitter = true,
    }).Build();

    internal override string Name => "SemaphoreSlim + ConcurrentBag, Polly retry";

    internal override int? InUse => OutageLimits.Places - _places.CurrentCount;

    internal override async Task UseAsync(OutageUse use, Func<DbConnection, Task> workAsync) => await _retry.ExecuteAsync(
        static async (state, _) => await state.Peer.TryAsync(state.Use, state.WorkAsync),
        (Peer: this, Use: use, WorkAsync: workAsync));

    public override async ValueTask DisposeAsync()
    {
        foreach (var connection in _idle)
        {
            await connection.DisposeAsync();
        }

        _places.Dispose();
    }

    private async Task TryAsync(OutageUse use, Func<DbConnection, Task> workAsync)
    {
        use.Ask();
        using var deadline = new CancellationTokenSource(OutageLimits.AcquireTimeout);
        if (!await _places.WaitAsync(OutageLimits.AcquireTimeout, deadline.Token))
        {
            throw new TimeoutException($"No connection within {OutageLimits.AcquireTimeout}.");
        }

        try
        {
            var connection = await TakeAsync(deadline.Token);
            try
            {
                use.Have();
                await workAsync(connection);
            }
            catch
            {
                await connection.DisposeAsync();
                throw;
            }

            _idle.Add(connection);
        }
        finally
        {
            _places.Release();
        }
    }

    private async Task<NpgsqlConnection> TakeAsync(CancellationToken cancellationToken)
    {
        while (_idle.TryTake(out var idle))
        {
            if (idle.State == ConnectionState.Open)
            {
                return idle;
            }

            await idle.DisposeAsync();
        }

        var connection = new NpgsqlConnection(_connectionString);
        try
        {
            await connection.OpenAsync(cancellationToken);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }
}
