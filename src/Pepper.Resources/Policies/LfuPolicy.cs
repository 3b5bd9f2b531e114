namespace Pepper.Resources.Policies;

/// <summary>
/// Keeps what is asked for most often: a window in order of use takes in what is new, and what leaves it has to be asked for
/// more often than what it would push out of the main part, by a sketch of the frequencies. W-TinyLFU, after Einziger,
/// Friedman, Manes (ACM ToS 2017); the window grows and shrinks by hill climbing on the hit rate, after Einziger, Eytan,
/// Friedman, Manes: "Adaptive software cache management", Middleware 2018. A pinned node that is passed over goes to the end
/// of its queue.
/// </summary>
/// <remarks>
/// The contest is held when a victim is asked for. If that is before the newcomer is there, the window makes its place for it
/// then, and what leaves it for that has to prove itself just the same.
/// </remarks>
internal sealed class LfuPolicy : QueuedPolicy
{
    public const string PolicyName = "lfu";

    private readonly EvictionQueue _window = new(1);
    private readonly EvictionQueue _probation = new(2);
    private readonly EvictionQueue _protected = new(3);
    private readonly HitBuffer _hits;
    private readonly FrequencySketch _sketch;
    private readonly WindowClimber _climber = new();
    private EvictionNode? _candidate;
    // Room made for those who have not come yet: no more than there is.
    private long _madeCount;
    private long _madeWeight;
    // How many left the window since, and are to be judged with the next victims.
    private long _late;
    private uint _random = 0x9E3779B9;

    public LfuPolicy(EvictionCapacity capacity, int rings = 0)
        : base(capacity)
    {
        _hits = new HitBuffer(rings);
        _sketch = new FrequencySketch(Math.Clamp(capacity.MaxCount ?? 0, 64, 4096));
    }

    public override string Name => PolicyName;

    public override long Count => _window.Count + _probation.Count + _protected.Count;

    public override long Weight => _window.Weight + _probation.Weight + _protected.Weight;

    public override IEnumerable<EvictionQueue> Queues => [_probation, _window, _protected];

    private bool IsOver => Capacity.IsExceededBy(Count, Weight);

    /// <summary>The share of the capacity that the window may take now.</summary>
    internal double WindowShare => _climber.Share;

    public override void Add(EvictionNode node)
    {
        Maintain();
        _sketch.EnsureCapacity(Count + 1);
        _sketch.Increment(node.Hash);
        _climber.OnMiss();
        node.Frequency = 0;
        _window.Add(node);
        var left = Balance();
        if (_madeCount == 0)
        {
            ForgetCandidateWithRoom();
        }
        else
        {
            // There is room only because some was made: what leaves the window although it made its places is judged later.
            _late += left;
        }

        _madeCount = Math.Max(0, _madeCount - 1);
        _madeWeight = Math.Max(0, _madeWeight - node.Weight);
    }

    public override void Remove(EvictionNode node)
    {
        if (node.IsQueued)
        {
            if (ReferenceEquals(node, _candidate))
            {
                _candidate = null;
            }

            QueueOf(node).Remove(node);
        }
    }

    public override bool OnHit(EvictionNode node) => _hits.Offer(node);

    public override void Maintain()
    {
        var ring = 0;
        while (_hits.TryTake(ref ring, out var node))
        {
            if (node.IsQueued)
            {
                CountUse(node);
                _sketch.Increment(node.Hash);
                _climber.OnHit();
                Promote(node);
            }
        }

        _climber.Climb(Count);
    }

    public override EvictionNode? FindVictim(int scanLimit = 128, bool offerPinned = false)
    {
        Maintain();
        if (IsOver)
        {
            Balance();
        }
        else
        {
            BalanceForTheNext();
        }

        long passes = scanLimit;
        var victim = FirstToGo(_probation, offerPinned, ref passes) ?? FirstToGo(_protected, offerPinned, ref passes)
            ?? FirstToGo(_window, offerPinned, ref passes);
        if (_candidate is not { } candidate || ReferenceEquals(victim, candidate) || !MayGo(candidate, offerPinned))
        {
            return victim;
        }

        return victim is not null && Admits(candidate, victim) ? victim : candidate;
    }

    public override void Evict(EvictionNode victim)
    {
        // The next that left the window with this one is judged next, if there has to be more room still.
        var next = _candidate is { } judged ? _probation.NewerThan(judged) : null;
        _candidate = ReferenceEquals(next, victim) ? null : next;
        var wasOver = IsOver;
        var isNews = victim.IsQueued;
        Remove(victim);
        if (wasOver)
        {
            ForgetCandidateWithRoom();
        }
        else if (isNews)
        {
            _madeCount++;
            _madeWeight += victim.Weight;
            _candidate = _late > 0 ? _candidate : null;
            _late = Math.Max(0, _late - 1);
        }
    }

    public override void Skip(EvictionNode victim)
    {
        if (victim.IsQueued)
        {
            QueueOf(victim).Renew(victim);
            _candidate = ReferenceEquals(victim, _candidate) ? null : _candidate;
        }
    }

    public override bool TryGiveUp(out EvictionNode node, out bool isProven)
    {
        _candidate = null;
        var queue = _probation.Count > 0 ? _probation : _window.Count > 0 ? _window : _protected;
        node = queue.Oldest!;
        isProven = ReferenceEquals(queue, _protected) || node is { Frequency: > 0 };
        if (node is null)
        {
            return false;
        }

        queue.Remove(node);
        return true;
    }

    public override void TakeOver(EvictionNode node, bool isProven)
    {
        _sketch.EnsureCapacity(Count + 1);
        for (var uses = isProven ? 1 + node.Frequency : 0; uses >= 0; uses--)
        {
            _sketch.Increment(node.Hash);
        }

        (isProven ? _protected : _probation).Add(node);
        LimitProtected();
    }

    private bool Admits(EvictionNode candidate, EvictionNode victim)
    {
        var newer = _sketch.Estimate(candidate.Hash);
        var older = _sketch.Estimate(victim.Hash);
        if (newer > older)
        {
            return true;
        }

        // Whoever can make keys whose hashes meet could otherwise keep a victim for ever: now and then the newer is let in.
        _random ^= _random << 13;
        _random ^= _random >> 17;
        _random ^= _random << 5;
        return newer > 5 && (_random & 127) == 0;
    }

    private void Promote(EvictionNode node)
    {
        if (!_probation.Contains(node))
        {
            QueueOf(node).Renew(node);
            return;
        }

        if (ReferenceEquals(node, _candidate))
        {
            _candidate = _probation.NewerThan(node);
        }

        _probation.Remove(node);
        _protected.Add(node);
        LimitProtected();
    }

    private void LimitProtected()
    {
        while (_protected.Count > 1 && Capacity.ShareOf(_protected.Count, _protected.Weight) > _climber.ProtectedShare)
        {
            var demoted = _protected.Oldest!;
            _protected.Remove(demoted);
            _probation.Add(demoted);
        }
    }

    /// <summary>Makes the window's place for one of middling weight, and for those for whom there is room already.</summary>
    private void BalanceForTheNext()
    {
        _sketch.EnsureCapacity(Count + 1);
        var middling = Count == 0 ? 0 : Weight / Count;
        if (Capacity.MaxWeight is { } mostWeight)
        {
            // Several light ones may have gone for one that is heavy.
            _madeWeight = Math.Min(_madeWeight, Math.Max(0, mostWeight - Weight));
            _madeCount = middling == 0 ? _madeCount : Math.Min(_madeCount, _madeWeight / middling);
        }

        if (Capacity.MaxCount is { } mostCount)
        {
            _madeCount = Math.Min(_madeCount, Math.Max(0, mostCount - Count));
        }

        Balance(_madeCount + 1, _madeWeight + middling);
    }

    /// <summary>How many had to leave the window, so that these would find their places in it.</summary>
    private long Balance(long comingCount = 0, long comingWeight = 0)
    {
        var before = _window.Count;
        while (_window.Count > 0 && _window.Count + comingCount > 1
            && Capacity.ShareOf(_window.Count + comingCount, _window.Weight + comingWeight) > _climber.Share)
        {
            var oldest = _window.Oldest!;
            _window.Remove(oldest);
            _probation.Add(oldest);
            _candidate ??= oldest;
        }

        return before - _window.Count;
    }

    // Below its capacity a cache takes everything in: nothing that left the window then has to prove itself later.
    private void ForgetCandidateWithRoom()
    {
        if (!IsOver)
        {
            _candidate = null;
            _late = 0;
        }
    }

    private EvictionQueue QueueOf(EvictionNode node) =>
        _window.Contains(node) ? _window : _probation.Contains(node) ? _probation : _protected;
}
