using System.Diagnostics;

namespace Pepper.Benchmarks;

/// <summary>
/// Ends holds after a millisecond. The runtime's timers follow the system's coarse clock, which on many systems moves every 4 ms:
/// a pool's waiting would then be measured in that clock's ticks. Here a thread of its own waits, and looks at the precise clock.
/// </summary>
internal sealed class HoldClock : IDisposable
{
    private static readonly long HoldTicks = Stopwatch.Frequency / 1000;
    private readonly Queue<(long Due, TaskCompletionSource End)> _holds = [];
    private readonly Thread _thread;
    private bool _isEnded;

    internal HoldClock()
    {
        _thread = new Thread(Run) { IsBackground = true, Name = "holds" };
        _thread.Start();
    }

    /// <summary>Ends after a millisecond and the little that waking a thread takes.</summary>
    internal Task HoldAsync()
    {
        var end = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_holds)
        {
            _holds.Enqueue((Stopwatch.GetTimestamp() + HoldTicks, end));
            if (_holds.Count == 1)
            {
                Monitor.Pulse(_holds);
            }
        }

        return end.Task;
    }

    public void Dispose()
    {
        lock (_holds)
        {
            _isEnded = true;
            Monitor.Pulse(_holds);
        }

        _thread.Join();
    }

    private void Run()
    {
        while (Next() is { } end)
        {
            end.SetResult();
        }
    }

    /// <summary>Waits for the next that is due: they are all of one length, so that is the oldest. Null at the end.</summary>
    private TaskCompletionSource? Next()
    {
        lock (_holds)
        {
            while (!_isEnded)
            {
                if (!_holds.TryPeek(out var oldest))
                {
                    Monitor.Wait(_holds);
                }
                else if (oldest.Due - Stopwatch.GetTimestamp() is > 0 and var left)
                {
                    Monitor.Wait(_holds, TimeSpan.FromMilliseconds(Math.Max(1, left * 1000 / Stopwatch.Frequency)));
                }
                else
                {
                    return _holds.Dequeue().End;
                }
            }

            return null;
        }
    }
}
