namespace Pepper.Resources.Tests.Leasing;

/// <summary>Two actions, begun at the same moment, one of them on another thread.</summary>
internal static class RacePair
{
    public static void Run(Action one, Action other)
    {
        using var barrier = new Barrier(2);
        var task = Task.Factory.StartNew(
            () =>
            {
                barrier.SignalAndWait();
                other();
            },
            CancellationToken.None, TaskCreationOptions.None, TaskScheduler.Default);
        barrier.SignalAndWait();
        one();
        Assert.True(task.Wait(TimeSpan.FromSeconds(30)), "A thread hangs.");
    }
}
