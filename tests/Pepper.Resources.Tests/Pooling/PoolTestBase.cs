using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Pepper.Resources.Pooling;
using Pepper.Resources.Testing;

namespace Pepper.Resources.Tests.Pooling;

/// <summary>
/// What the tests of pools share: manual time, a scripted factory, a monitor and a log of their own, and guards on every wait.
/// </summary>
public abstract class PoolTestBase
{
    internal static readonly TimeSpan Guard = TimeSpan.FromSeconds(30);

    internal ManualTimeProvider Time { get; } = new();

    internal TestFactory Factory { get; init; } = new();

    internal ResourceMonitor Monitor { get; } = new();

    internal TestLogger Log { get; } = new();

    internal static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>A pool of at most two, of which none need be kept.</summary>
    internal ResourcePool<TestResource> NewPool(Action<ResourcePoolOptions>? configure = null, TestFactory? factory = null)
    {
        var options = new ResourcePoolOptions { Name = "orders", MinSize = 0, MaxSize = 2 };
        configure?.Invoke(options);
        return new ResourcePool<TestResource>(factory ?? Factory, options, Time, Monitor, Log);
    }

    /// <summary>Acquires, and fails instead of hanging.</summary>
    internal static async Task<Lease<TestResource>> Lend(ResourcePool<TestResource> pool) =>
        await Ask(pool).WaitAsync(Guard, Stop);

    /// <summary>Acquires as many at once.</summary>
    internal static async Task<Lease<TestResource>[]> Lend(ResourcePool<TestResource> pool, int count) =>
        await Task.WhenAll(Enumerable.Range(0, count).Select(_ => Ask(pool, Timeout.InfiniteTimeSpan)).ToArray())
            .WaitAsync(Guard, Stop);

    /// <summary>Begins to acquire.</summary>
    internal static Task<Lease<TestResource>> Ask(
        ResourcePool<TestResource> pool, TimeSpan? timeout = null, CancellationToken cancellationToken = default) =>
        timeout is { } given
            ? pool.AcquireAsync(given, cancellationToken).AsTask()
            : pool.AcquireAsync(cancellationToken).AsTask();

    /// <summary>Waits until something is so, and fails when it never is.</summary>
    internal static async Task Until(Func<bool> isSo, string? what = null)
    {
        var begin = TimeProvider.System.GetTimestamp();
        while (!isSo())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(begin) < Guard, $"Waited in vain: {what ?? "see the stack"}");
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, Stop);
        }
    }

    /// <summary>Lets time pass in steps, each of which may start what the next one ends, until something is so.</summary>
    internal Task PassTimeUntil(Func<bool> isSo, TimeSpan? step = null) => PassTimeUntil(Time, isSo, step);

    internal static async Task PassTimeUntil(ManualTimeProvider time, Func<bool> isSo, TimeSpan? step = null)
    {
        var begin = TimeProvider.System.GetTimestamp();
        while (!isSo())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(begin) < Guard, "Waited in vain.");
            time.Advance(step ?? TimeSpan.FromSeconds(1));
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, Stop);
        }
    }

    /// <summary>The pool lends as many as it may hold, all at once: no place is lost.</summary>
    internal static async Task AssertNoPlaceLost(ResourcePool<TestResource> pool)
    {
        var leases = await Lend(pool, pool.Statistics.MaxSize);
        Assert.Equal(leases.Length, leases.Select(lease => lease.Resource).Distinct().Count());
        foreach (var lease in leases)
        {
            await lease.DisposeAsync().AsTask().WaitAsync(Guard, Stop);
        }
    }

    /// <summary>Works in a flow of its own.</summary>
    internal static async Task<Lease<TestResource>> InFlow(string name, Func<Task<Lease<TestResource>>> workAsync)
    {
        using var flow = LeaseFlow.Begin(name);
        return await workAsync();
    }

    /// <summary>After a disposal: what was made has been destroyed, each exactly once.</summary>
    internal static async Task AssertAllDestroyedOnce(TestFactory factory)
    {
        await Until(() => factory.Live == 0, "everything is destroyed");
        Assert.All(factory.Made, resource => Assert.Equal(1, resource.Destroyed));
    }
}

internal sealed record LogLine(int Id, LogLevel Level, string Text);

internal sealed class TestLogger : ILogger<ResourcePool<TestResource>>
{
    internal ConcurrentQueue<LogLine> Lines { get; } = new();

    internal bool Throws { get; set; }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => Throws ? throw new InvalidOperationException("The logger is broken.") : true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (Throws)
        {
            throw new InvalidOperationException("The logger is broken.");
        }

        Lines.Enqueue(new LogLine(eventId.Id, logLevel, formatter(state, exception)));
    }

    internal int Count(int id) => Lines.Count(line => line.Id == id);
}
