using Pepper.Resources.Cleanup;
using Pepper.Resources.Testing;

namespace Pepper.Resources.Tests.Cleanup;

public sealed class CleanupSchedulerMemoryTests
{
    private const int Entries = 1_000_000;

    [Fact]
    public async Task ScheduleMoveCancel_AMillionEntries_AllocatesLittleForEach()
    {
        var time = new ManualTimeProvider();
        await using var scheduler = new CleanupScheduler(null, time);
        string[] ids = [.. Enumerable.Range(0, Entries).Select(i => $"resource/{i}")];
        Func<CancellationToken, ValueTask> cleanup = _ => default;

        long added = Measure(ids, (id, i) => scheduler.Schedule(id, TimeSpan.FromSeconds(1 + (i % 5000)), cleanup));
        Assert.Equal(Entries, scheduler.Count);
        Assert.Equal(1, time.ActiveTimers);
        long moved = Measure(ids, (id, i) => scheduler.Schedule(id, TimeSpan.FromSeconds(10_000 - (i % 5000)), cleanup));
        Assert.Equal(Entries, scheduler.Count);
        long cancelled = Measure(ids, (id, _) => Assert.True(scheduler.Cancel(id)));

        // Adding includes the table's growth by doubling; 64 B of it is the entry. Moving and cancelling need nothing of their
        // own.
        Assert.InRange(added, 64L * Entries, 200L * Entries);
        Assert.InRange(moved, 0, 100_000);
        Assert.InRange(cancelled, 0, 100_000);
        Assert.Equal(0, scheduler.Count);
        Assert.Equal(0, time.ActiveTimers);
    }

    [Fact]
    public void Construct_Entry_TakesAtMost72Bytes() => Assert.InRange(SizeOfEntry(), 48, 72);

    private static long SizeOfEntry()
    {
        Func<CancellationToken, ValueTask> cleanup = _ => default;
        var kept = new CleanupEntry[1000];
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < kept.Length; i++)
        {
            kept[i] = new CleanupEntry("id", cleanup);
        }

        long bytes = GC.GetAllocatedBytesForCurrentThread() - before;
        GC.KeepAlive(kept);
        return bytes / kept.Length;
    }

    private static long Measure(string[] ids, Action<string, int> act)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < ids.Length; i++)
        {
            act(ids[i], i);
        }

        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
