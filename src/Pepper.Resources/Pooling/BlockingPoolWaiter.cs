namespace Pepper.Resources.Pooling;

/// <summary>A caller that blocks its thread. What ends its wait needs no thread of the thread pool.</summary>
internal sealed class BlockingPoolWaiter : PoolWaiter, IDisposable
{
    private readonly ManualResetEventSlim _ended = new();

    internal override bool IsBlocking => true;

    internal Exception? Failure { get; private set; }

    internal PoolEntry? Entry { get; private set; }

    internal long Token { get; private set; }

    public void Dispose() => _ended.Dispose();

    internal override void Deliver(PoolEntry entry, long token)
    {
        Entry = entry;
        Token = token;
        _ended.Set();
    }

    internal override void Fail(Exception exception)
    {
        Failure = exception;
        _ended.Set();
    }

    /// <summary>Waits for an end that is certain to come at once, on a thread that must not block.</summary>
    internal void SpinUntilEnded() => SpinWait.SpinUntil(() => _ended.IsSet);

    /// <summary>Blocks until the wait has ended, or the time on the real clock is over; false then.</summary>
    internal bool Wait(TimeSpan realTime) => _ended.Wait(realTime);
}
