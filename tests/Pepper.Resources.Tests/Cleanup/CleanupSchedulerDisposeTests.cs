using System.Collections.Concurrent;
using Pepper.Resources.Cleanup;
using Pepper.Resources.Testing;

namespace Pepper.Resources.Tests.Cleanup;

public sealed class CleanupSchedulerDisposeTests
{
    private static readonly TimeSpan Guard = TimeSpan.FromSeconds(30);
    private readonly ManualTimeProvider _time = new();
    private readonly RecordingLogger<CleanupScheduler> _logger = new();

    [Fact]
    public async Task DisposeAsync_Empty_EndsAndRefusesWhatComes()
    {
        var scheduler = Create();

        await scheduler.DisposeAsync().AsTask().WaitAsync(Guard);
        await scheduler.DisposeAsync().AsTask().WaitAsync(Guard);

        Assert.Throws<ObjectDisposedException>(() => scheduler.Schedule("a", TimeSpan.Zero, _ => default));
        Assert.False(scheduler.IsScheduled("a"));
        Assert.False(scheduler.Cancel("a"));
        Assert.False(await scheduler.CleanupAsync("a"));
    }

    [Fact]
    public async Task DisposeAsync_Pending_IsDroppedAndLogged()
    {
        var scheduler = Create();
        int ran = 0;
        scheduler.Schedule("a", TimeSpan.FromSeconds(1), _ => Count(ref ran));
        scheduler.Schedule("b", TimeSpan.FromHours(1), _ => Count(ref ran));

        await scheduler.DisposeAsync().AsTask().WaitAsync(Guard);
        Assert.Equal(0, _time.ActiveTimers);
        _time.Advance(TimeSpan.FromDays(1));

        Assert.Equal(0, ran);
        Assert.Equal(0, scheduler.Count);
        Assert.Contains(_logger.Entries, entry => entry.Id == 1405
            && entry.Message.Contains("2 cleanups", StringComparison.Ordinal));
    }

    [Fact]
    public async Task DisposeAsync_RunPendingOnDispose_RunsThemAllInOrderOfTimeAndWaits()
    {
        var scheduler = Create(new CleanupSchedulerOptions { RunPendingOnDispose = true, MaxConcurrentCleanups = 1 });
        var ran = new ConcurrentQueue<int>();
        foreach (int hour in (int[])[3, 1, 400, 2])
        {
            scheduler.Schedule($"{hour}", TimeSpan.FromHours(hour), async _ =>
            {
                await Task.Yield();
                ran.Enqueue(hour);
            });
        }

        await scheduler.DisposeAsync().AsTask().WaitAsync(Guard);

        Assert.Equal([1, 2, 3, 400], ran);
        Assert.Equal((4, 0), (scheduler.CompletedCleanups, scheduler.Count));
        Assert.Equal(0, _time.ActiveTimers);
    }

    [Fact]
    public async Task DisposeAsync_RunPendingOnDispose_CanStillCancelAndCleanUp()
    {
        var scheduler = Create(new CleanupSchedulerOptions { RunPendingOnDispose = true, MaxConcurrentCleanups = 1 });
        int ran = 0;
        var gate = new Gate();
        scheduler.Schedule("gate", TimeSpan.Zero, gate.RunAsync);
        await gate.Begun.WaitAsync(Guard);
        scheduler.Schedule("cancelled", TimeSpan.FromHours(1), _ => Count(ref ran));
        scheduler.Schedule("now", TimeSpan.FromHours(1), _ => Count(ref ran));
        Task disposing = scheduler.DisposeAsync().AsTask();

        Assert.True(scheduler.Cancel("cancelled"));
        Assert.True(await scheduler.CleanupAsync("now").AsTask().WaitAsync(Guard));
        Assert.False(disposing.IsCompleted);
        gate.Open();
        await disposing.WaitAsync(Guard);

        Assert.Equal(1, ran);
    }

    [Fact]
    public async Task DisposeAsync_Running_WaitsForItsEnd()
    {
        var scheduler = Create();
        var gate = new Gate();
        scheduler.Schedule("a", TimeSpan.Zero, gate.RunAsync);
        await gate.Begun.WaitAsync(Guard);

        Task first = scheduler.DisposeAsync().AsTask();
        Task second = scheduler.DisposeAsync().AsTask();
        Assert.False(first.IsCompleted);
        Assert.False(second.IsCompleted);
        Assert.Throws<ObjectDisposedException>(() => scheduler.Schedule("b", TimeSpan.Zero, _ => default));
        gate.Open();

        await Task.WhenAll(first, second).WaitAsync(Guard);
        Assert.Equal(1, scheduler.CompletedCleanups);
    }

    [Fact]
    public async Task DisposeAsync_Hanging_WaitsUpToTheTimeLimit()
    {
        var scheduler = Create();
        var gate = new Gate();
        scheduler.Schedule("a", TimeSpan.Zero, gate.RunAsync);
        await gate.Begun.WaitAsync(Guard);
        Task disposing = scheduler.DisposeAsync().AsTask();

        _time.Advance(TimeSpan.FromSeconds(30.9));
        Assert.False(disposing.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(0.1));

        await disposing.WaitAsync(Guard);
        Assert.Equal((0, 1), (scheduler.Running, scheduler.AbandonedCleanups));
        Assert.Equal(0, _time.ActiveTimers);
        gate.Open();
    }

    [Fact]
    public async Task DisposeAsync_CleanupAsyncRunning_WaitsForIt()
    {
        var scheduler = Create();
        var gate = new Gate();
        scheduler.Schedule("a", TimeSpan.FromDays(1), gate.RunAsync);
        Task<bool> cleaning = scheduler.CleanupAsync("a").AsTask();
        await gate.Begun.WaitAsync(Guard);

        Task disposing = scheduler.DisposeAsync().AsTask();
        Assert.False(disposing.IsCompleted);
        gate.Open();

        Assert.True(await cleaning.WaitAsync(Guard));
        await disposing.WaitAsync(Guard);
    }

    [Fact]
    public async Task DisposeAsync_WithinCallbacks_DoesNotDeadlock()
    {
        var scheduler = Create(new CleanupSchedulerOptions { CleanupTimeout = Timeout.InfiniteTimeSpan });
        Gate[] gates = [new(), new()];
        TaskCompletionSource[] disposed = [new(), new()];
        for (int i = 0; i < 2; i++)
        {
            int each = i;
            scheduler.Schedule($"{i}", TimeSpan.FromSeconds(1), async token =>
            {
                await gates[each].RunAsync(token);
                await scheduler.DisposeAsync();
                disposed[each].SetResult();
            });
        }

        _time.Advance(TimeSpan.FromSeconds(1));
        await Task.WhenAll(gates[0].Begun, gates[1].Begun).WaitAsync(Guard);
        Array.ForEach(gates, gate => gate.Open());
        await Task.WhenAll(disposed[0].Task, disposed[1].Task).WaitAsync(Guard);

        await scheduler.DisposeAsync().AsTask().WaitAsync(Guard);
        Assert.Equal(2, scheduler.CompletedCleanups);
    }

    private static ValueTask Count(ref int count)
    {
        Interlocked.Increment(ref count);
        return default;
    }

    private CleanupScheduler Create(CleanupSchedulerOptions? options = null) => new(options, _time, _logger);
}
