namespace Pepper.Resources.Pooling;

/// <summary>A caller that blocks its thread. What ends its wait needs no thread of the thread pool.</summary>
internal sealed class BlockingPoolWaiter : PoolWaiter
{
    private readonly ManualResetEventSlim _ended = new();
    private PoolEntry? _entry;
    private long _token;
    private Exception? _failure;

    internal override bool IsBlocking => true;

    internal Exception? Failure => _failure;

    internal PoolEntry? Entry => _entry;

    internal long Token => _token;

    internal override void Deliver(PoolEntry entry, long token)
    {
        _entry = entry;
        _token = token;
        _ended.Set();
    }

    internal override void Fail(Exception exception)
    {
        _failure = exception;
        _ended.Set();
    }

    /// <summary>Blocks until the wait has ended, or the time on the real clock is over; false then.</summary>
    internal bool Wait(TimeSpan realTime) => _ended.Wait(realTime);

    internal void Wait() => _ended.Wait();
}
