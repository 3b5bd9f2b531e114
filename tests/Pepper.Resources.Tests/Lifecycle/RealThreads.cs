using System.Collections.Concurrent;

namespace Pepper.Resources.Tests.Lifecycle;

/// <summary>Runs work on threads of its own, all of them at the same time, and passes on what they throw.</summary>
internal static class RealThreads
{
    public static void Run(int count, Action<int> work)
    {
        var failures = new ConcurrentQueue<Exception>();
        var threads = Enumerable.Range(0, count).Select(index => new Thread(() =>
        {
            try
            {
                work(index);
            }
            catch (Exception failure)
            {
                failures.Enqueue(failure);
            }
        })).ToList();
        threads.ForEach(thread => thread.Start());
        Assert.All(threads, thread => Assert.True(thread.Join(TimeSpan.FromSeconds(60)), "A thread hangs."));
        if (!failures.IsEmpty)
        {
            throw new AggregateException(failures);
        }
    }
}
