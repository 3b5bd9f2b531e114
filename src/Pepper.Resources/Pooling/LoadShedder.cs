namespace Pepper.Resources.Pooling;

/// <summary>
/// Decides whether a pool is overloaded, from the delays of those whom it serves: the idea of CoDel ("controlled delay"). A queue
/// that empties now and then does its work, however long it is at times; one whose shortest delay stays high only makes everybody
/// late. Protected by the pool's lock, but for <see cref="HasNews"/>; times are in milliseconds of the pool's clock.
/// </summary>
internal sealed class LoadShedder(SheddingOptions options)
{
    private readonly List<(PoolWaiter Waiter, long Delay)> _rejected = [];
    private readonly long _target = Milliseconds(options.Target);
    private readonly long _interval = Milliseconds(options.Interval);
    private long _countsFrom;
    private long _endsAt;
    private long _shortest;
    private bool _isToldOverloaded;
    private volatile bool _hasNews;

    internal SheddingOptions Options => options;

    internal bool IsOverloaded { get; private set; }

    /// <summary>Whether anybody was served in this interval.</summary>
    internal bool HasServed => _shortest != long.MaxValue;

    /// <summary>The shortest delay of the last interval that was judged.</summary>
    internal long Shortest { get; private set; }

    /// <summary>For how long a caller may wait while the pool is overloaded.</summary>
    internal long Limit => 2 * _target;

    /// <summary>When this interval ends.</summary>
    internal long EndsAt => _endsAt;

    /// <summary>Whether somebody is to be told something, outside the lock.</summary>
    internal bool HasNews => _hasNews;

    /// <summary>
    /// How long a caller has waited for a pool that was serving: neither a pause nor what was before the queue's begin counts.
    /// </summary>
    internal long Delay(long now, long startedAt) => now - Math.Max(startedAt, _countsFrom);

    /// <summary>The queue begins, or the pool serves again: what was before says nothing.</summary>
    internal void Begin(long now)
    {
        _countsFrom = now;
        Open(now);
        Change(isOverloaded: false);
    }

    /// <summary>The queue is empty: those who waited were served in the end.</summary>
    internal void Emptied() => Change(isOverloaded: false);

    internal void Served(long now, long delay)
    {
        if (!HasServed)
        {
            // The interval is to be one of serving: how long it took until the first was served, is in its delay.
            _endsAt = now + _interval;
        }

        _shortest = Math.Min(_shortest, delay);
    }

    /// <summary>At the end of an interval: whether everybody whom the pool served came late.</summary>
    /// <param name="now">The time.</param>
    /// <param name="oldest">The delay of who is next; it stands for those served when there were none.</param>
    /// <param name="isFull">Whether the pool did what it could. If not, something else than load made callers wait.</param>
    internal void Judge(long now, long oldest, bool isFull)
    {
        Shortest = HasServed ? _shortest : oldest;
        Open(now);
        Change(isFull && Shortest > _target);
    }

    internal void Reject(PoolWaiter waiter, long delay)
    {
        _rejected.Add((waiter, delay));
        _hasNews = true;
    }

    /// <summary>
    /// Takes what is to be told: who was rejected, and whether overload has begun, or ended, or neither (null).
    /// </summary>
    internal (PoolWaiter Waiter, long Delay)[] TakeNews(out bool? isOverloaded)
    {
        (PoolWaiter Waiter, long Delay)[] rejected = [.. _rejected];
        _rejected.Clear();
        _hasNews = false;
        isOverloaded = IsOverloaded == _isToldOverloaded ? null : IsOverloaded;
        _isToldOverloaded = IsOverloaded;
        return rejected;
    }

    private void Open(long now)
    {
        _endsAt = now + _interval;
        _shortest = long.MaxValue;
    }

    private void Change(bool isOverloaded)
    {
        if (IsOverloaded != isOverloaded)
        {
            IsOverloaded = isOverloaded;
            _hasNews = true;
        }
    }

    // Far below what a long holds even when it is doubled, or added to the present.
    private static long Milliseconds(TimeSpan time) => (long)Math.Ceiling(time.TotalMilliseconds);
}
