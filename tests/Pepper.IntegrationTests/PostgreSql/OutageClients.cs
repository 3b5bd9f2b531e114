using System.Collections.Concurrent;
using System.Data.Common;
using System.Diagnostics;
using Npgsql;
using Pepper.Resources;
using Pepper.Resources.Pooling;

namespace Pepper.IntegrationTests.PostgreSql;

/// <summary>
/// Clients of a pool that never stop: each asks the database for a number that only it knows, again and again, and rests a moment
/// after a failure. A test waits for what they meet.
/// </summary>
internal sealed class OutageClients : IAsyncDisposable
{
    private static readonly TimeSpan Guard = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);
    private readonly IResourcePool<DbConnection> _pool;
    private readonly int[] _answers;
    private readonly int[] _failed;
    private readonly ConcurrentDictionary<Type, bool> _kinds = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private TaskCompletionSource _changed = NewSignal();
    private int _wrong;
    private long _longestWait;

    internal OutageClients(IResourcePool<DbConnection> pool, int count)
    {
        _pool = pool;
        _answers = new int[count];
        _failed = new int[count];
        _running = Task.WhenAll(Enumerable.Range(0, count).Select(client => Task.Run(() => RunAsync(client))));
    }

    internal ConcurrentQueue<Exception> Failures { get; } = new();

    /// <summary>Answers to somebody else's question.</summary>
    internal int Wrong => Volatile.Read(ref _wrong);

    /// <summary>The longest time in which a client got a connection, or was told that there is none.</summary>
    internal TimeSpan LongestWait => TimeSpan.FromTicks(Interlocked.Read(ref _longestWait));

    /// <summary>Waits until each client has had so many more answers.</summary>
    internal Task WaitForAnswersAsync(int each) => WaitForMoreAsync(_answers, each);

    /// <summary>Waits until each client was told so many more failures.</summary>
    internal Task WaitForFailuresAsync(int each) => WaitForMoreAsync(_failed, each);

    /// <summary>Waits until so many failures were told, to whomever.</summary>
    internal Task WaitForFailuresInAllAsync(int count) => UntilAsync(() => Failures.Count >= count);

    /// <summary>Waits until somebody was told such a failure.</summary>
    internal Task WaitForFailureAsync<T>()
        where T : Exception =>
        UntilAsync(() => _kinds.ContainsKey(typeof(T)));

    internal async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running.WaitAsync(Guard);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private Task WaitForMoreAsync(int[] counts, int each)
    {
        int[] wanted = [.. counts.Select(count => count + each)];
        return UntilAsync(() => wanted.Index().All(one => Volatile.Read(ref counts[one.Index]) >= one.Item));
    }

    private async Task UntilAsync(Func<bool> condition)
    {
        using var guard = new CancellationTokenSource(Guard);
        while (true)
        {
            var changed = Volatile.Read(ref _changed).Task;
            if (condition())
            {
                return;
            }

            await changed.WaitAsync(guard.Token);
        }
    }

    private async Task RunAsync(int client)
    {
        for (var work = 1L; !_stop.IsCancellationRequested; work++)
        {
            try
            {
                await WorkAsync(((long)client << 40) | work);
                Interlocked.Increment(ref _answers[client]);
                Signal();
            }
            catch (Exception failure)
            {
                Failures.Enqueue(failure);
                _kinds.TryAdd(failure.GetType(), true);
                Interlocked.Increment(ref _failed[client]);
                Signal();
                await Task.Delay(Pause, TimeProvider.System);
            }
        }
    }

    private async Task WorkAsync(long number)
    {
        var begin = Stopwatch.GetTimestamp();
        Lease<DbConnection> lease;
        try
        {
            lease = await _pool.AcquireAsync();
        }
        finally
        {
            NoteWait(Stopwatch.GetElapsedTime(begin).Ticks);
        }

        await using (lease)
        {
            await using var command = lease.Resource.CreateCommand();
            command.CommandText = "SELECT $1";
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = number });
            if (await command.ExecuteScalarAsync() is not long answer || answer != number)
            {
                Interlocked.Increment(ref _wrong);
            }
        }
    }

    private void NoteWait(long ticks)
    {
        for (var seen = Interlocked.Read(ref _longestWait); ticks > seen;)
        {
            var before = Interlocked.CompareExchange(ref _longestWait, ticks, seen);
            seen = before == seen ? ticks : before;
        }
    }

    private void Signal() => Interlocked.Exchange(ref _changed, NewSignal()).SetResult();
}
