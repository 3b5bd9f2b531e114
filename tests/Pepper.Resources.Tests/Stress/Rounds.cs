using Pepper.Resources.Tests.Pooling;

namespace Pepper.Resources.Tests.Stress;

/// <summary>How races are made on real threads.</summary>
internal static class Rounds
{
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
