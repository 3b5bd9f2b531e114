using Pepper.Resources.Tests.Pooling;

namespace Pepper.Resources.Tests.Stress;

/// <summary>How races are made on real threads.</summary>
internal static class Rounds
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(4);
    private static readonly bool IsLong = Environment.GetEnvironmentVariable("PEPPER_LONG") == "1";

    /// <summary>
    /// The numbers of the rounds of a race: all of them, or, where each turn of two threads costs a slice of a busy processor, as
    /// many as fit into some seconds, a hundredth at the least. With PEPPER_LONG=1 it is always all of them.
    /// </summary>
    internal static IEnumerable<int> UpTo(int most)
    {
        var begun = TimeProvider.System.GetTimestamp();
        for (var round = 0; round < most; round++)
        {
            if (!IsLong && round >= most / 100 && TimeProvider.System.GetElapsedTime(begun) > Longest)
            {
                yield break;
            }

            yield return round;
        }
    }

    internal static Task OnThread(Action run) =>
        Task.Factory.StartNew(run, PoolTestBase.Stop, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>Runs both at the same moment, as nearly as can be.</summary>
    internal static async Task Together(Action first, Action second)
    {
        var ready = 0;
        var other = Task.Run(
            () =>
            {
                Meet();
                second();
            },
            PoolTestBase.Stop);
        Meet();
        first();
        await other.WaitAsync(PoolTestBase.Guard, PoolTestBase.Stop);

        void Meet()
        {
            Interlocked.Increment(ref ready);
            var spin = new SpinWait();
            while (Volatile.Read(ref ready) < 2)
            {
                spin.SpinOnce(-1);
            }
        }
    }
}
