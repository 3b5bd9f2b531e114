using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Interleaving;

/// <summary>A thread that runs strands of one schedule after the other: thousands of schedules need but a few threads.</summary>
[SuppressMessage("Design", "CA1001", Justification = "There are a few, which live as long as the process.")]
internal sealed class StrandThread
{
    private static readonly ConcurrentBag<StrandThread> Spare = [];

    private static readonly FieldInfo WaitersOfThread =
        typeof(PoolWaiterCache).GetField("_ofThread", BindingFlags.Static | BindingFlags.NonPublic)!;

    private readonly SemaphoreSlim _signal = new(0);
    private Schedule? _schedule;
    private Strand? _strand;

    private StrandThread()
    {
        var thread = new Thread(Run) { IsBackground = true, Name = "Interleaving" };
        thread.UnsafeStart();
    }

    internal static StrandThread Take() => Spare.TryTake(out var thread) ? thread : new StrandThread();

    /// <summary>Begins a strand on this thread, which has none.</summary>
    internal void Begin(Schedule schedule, Strand strand)
    {
        _schedule = schedule;
        _strand = strand;
        _signal.Release();
    }

    /// <summary>Lets the strand go on that stands still in <see cref="StandStill"/>.</summary>
    internal void GoOn() => _signal.Release();

    internal void StandStill() => _signal.Wait();

    private void Run()
    {
        while (true)
        {
            _signal.Wait();
            var (schedule, strand) = (_schedule!, _strand);
            while (strand is not null)
            {
                Begin(strand, schedule);
                strand = schedule.Run(strand, () => Spare.Add(this));
            }
        }
    }

    private void Begin(Strand strand, Schedule schedule)
    {
        strand.Thread = this;

        // What an earlier schedule has left on the thread must not change the course of this one.
        WaitersOfThread.SetValue(null, null);
#if DEBUG
        YieldPoint.Interleaver = schedule;
#endif
    }
}
