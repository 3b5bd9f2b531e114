using System.Collections.Concurrent;

namespace Pepper.Resources.Tests.Stress;

/// <summary>What a soaked pool lends. It knows who made it, and whether somebody else uses it.</summary>
internal sealed class SoakItem(int id, SoakFactory factory)
{
    private int _users;

    internal int Id { get; } = id;

    internal SoakFactory Factory { get; } = factory;

    internal bool TryEnter() => Interlocked.Increment(ref _users) == 1;

    internal void Leave() => Interlocked.Decrement(ref _users);
}

/// <summary>A failure that was made on purpose.</summary>
internal sealed class SoakException(string stage) : Exception($"soak: {stage} fails on purpose");

/// <summary>
/// What there is of one soaked pool: each resource from the begin of its creation to the end of its destruction, and every rule
/// that was broken.
/// </summary>
internal sealed class SoakLedger(string name, int cap)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<int, CancellationToken> _live = [];
    private readonly HashSet<int> _gone = [];
    private readonly ConcurrentQueue<string> _faults = new();
    private int _ids;
    private int _over;
    private int _tooLateToCount;

    internal string Name { get; } = name;

    internal int Made { get; private set; }

    /// <summary>Of those, how many came when their creation had been cancelled.</summary>
    internal int Late { get; private set; }

    internal int Destroyed { get; private set; }

    internal int Detached { get; private set; }

    internal int MaxLive { get; private set; }

    internal IReadOnlyCollection<string> Faults => _faults;

    /// <summary>How many resources there are, or are being made.</summary>
    internal int Live
    {
        get
        {
            lock (_lock)
            {
                return _live.Count;
            }
        }
    }

    internal void Fault(string what) => _faults.Enqueue($"{Name}: {what}");

    /// <summary>
    /// A creation begins. A stage that was given up counts no longer: its token is cancelled. One that was given up before it
    /// was called cannot show that.
    /// </summary>
    internal int Begin(CancellationToken creation)
    {
        lock (_lock)
        {
            var id = _ids++;
            _live.Add(id, creation);
            var live = _live.Values.Count(static stage => !stage.IsCancellationRequested);
            MaxLive = Math.Max(MaxLive, live);
            _over += live > cap ? 1 : 0;
            return id;
        }
    }

    internal void EndCreation(int id, bool isMade)
    {
        lock (_lock)
        {
            if (isMade)
            {
                Made++;
                Late += _live[id].IsCancellationRequested ? 1 : 0;
            }
            else
            {
                _live.Remove(id);
            }
        }
    }

    internal void BeginDestruction(SoakItem item, SoakFactory factory, CancellationToken destruction)
    {
        lock (_lock)
        {
            _tooLateToCount += destruction.IsCancellationRequested ? 1 : 0;
            if (!_gone.Add(item.Id))
            {
                Fault($"resource {item.Id} is destroyed a second time, or was detached.");
            }

            if (!ReferenceEquals(item.Factory, factory))
            {
                Fault($"resource {item.Id} of factory {item.Factory.Number} is destroyed by {factory.Number}.");
            }

            // What came after the pool had given its creation up has no place.
            if (!_live.TryGetValue(item.Id, out var creation) || !creation.IsCancellationRequested)
            {
                _live[item.Id] = destruction;
            }
        }
    }

    internal void EndDestruction(SoakItem item)
    {
        lock (_lock)
        {
            Destroyed++;
            _live.Remove(item.Id);
        }
    }

    /// <summary>Before the pool is told: its place may be filled at once.</summary>
    internal void Detach(SoakItem item)
    {
        lock (_lock)
        {
            Detached++;
            _gone.Add(item.Id);
            _live.Remove(item.Id);
        }
    }

    /// <summary>What was wrong; empty when nothing was.</summary>
    internal IEnumerable<string> Judge()
    {
        lock (_lock)
        {
            return _over == 0 || _tooLateToCount > 0
                ? [.. _faults]
                : [.. _faults, $"{Name}: {_over} creations began above the maximum of {cap}: {MaxLive} were live."];
        }
    }
}
