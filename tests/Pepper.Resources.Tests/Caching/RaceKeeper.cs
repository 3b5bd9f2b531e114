using System.Runtime.CompilerServices;
using Pepper.Resources.Caching;

namespace Pepper.Resources.Tests.Caching;

/// <summary>A cache in small: one lock, under which items are closed, reopened and drained.</summary>
internal sealed class RaceKeeper : ICacheKeeper
{
    private readonly Lock _lock = new();
    private readonly ConditionalWeakTable<CacheItem, object> _gone = [];
    private int _drained;

    internal RaceKeeper() => Loans = new CacheLoans(this, notesUse: false);

    public string Name => "race";

    internal CacheLoans Loans { get; }

    /// <summary>How often it was told; by many threads, unless these are the test's own.</summary>
    internal int Released { get; private set; }

    internal int Drained => Volatile.Read(ref _drained);

    public bool IsOutdated(CacheItem item) => false;

    public void OnUsed(CacheItem item) => Assert.Fail("No use is noted here.");

    public void OnReleased(CacheItem item)
    {
        lock (_lock)
        {
            Released++;
            if (item.TryDrain(Loans))
            {
                _gone.Add(item, this);
                _drained++;
            }
        }
    }

    public void OnInvalidated(CacheItem item, Exception? cause) => Assert.Fail("Nobody does that here.");

    internal CacheLoan? Publish(CacheItem item, out long token)
    {
        var loan = Loans.TryPublish(item, out token);
        Assert.NotNull(loan);
        if (!item.IsClosed)
        {
            return loan;
        }

        loan.Return(token);
        return null;
    }

    internal int TryCloseIdle(CacheItem item)
    {
        lock (_lock)
        {
            return Note(item, item.TryCloseIdle(Loans));
        }
    }

    internal int Close(CacheItem item)
    {
        lock (_lock)
        {
            return Note(item, item.Close(Loans));
        }
    }

    internal int TryReopen(CacheItem item)
    {
        lock (_lock)
        {
            return item.TryReopen() ? 1 : 0;
        }
    }

    internal bool IsGone(CacheItem item) => _gone.TryGetValue(item, out _);

    private int Note(CacheItem item, bool isDead)
    {
        if (isDead)
        {
            _gone.Add(item, this);
        }

        return isDead ? 1 : 0;
    }
}
