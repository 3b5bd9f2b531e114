namespace Pepper.Resources.Policies;

/// <summary>
/// Decides as whichever of the other policies would hit most: each of them runs in miniature on a sample of the keys, and when
/// another one than the present has done better for some time, the queues are handed over to it where they are. A cache of up
/// to <see cref="MaxSampled"/> entries is sampled whole, and one that is made smaller is sampled by a larger share than before.
/// A pinned node is treated as the policy of the moment treats it.
/// </summary>
/// <remarks>A change takes time in proportion to the entries, under the cache's lock, and comes at most once in as many
/// requests.</remarks>
internal sealed class AdaptivePolicy : IEvictionPolicy
{
    public const string PolicyName = "adaptive";

    /// <summary>How many entries the sample may stand for before it is halved.</summary>
    public const int MaxSampled = 1024;

    private const int MaxShift = 12;
    private const int MinWindow = 128;
    private const double Ageing = 0.9;
    // How much better another policy has to be, in hits of all requests, and in how many windows in a row.
    private const double Margin = 0.01;
    private const int WindowsToChange = 3;

    private static readonly string[] Choices = [S3FifoPolicy.PolicyName, LruPolicy.PolicyName, LfuPolicy.PolicyName];

    private readonly HitBuffer _sampledHits = new();
    private ShadowCache[] _shadows;
    private volatile QueuedPolicy _current;
    // A key is sampled when so many bits of its spread hash are 0: all of them, half, a quarter…
    private volatile int _shift;
    private EvictionCapacity _capacity;
    private int _inWindow;
    private double _asked;
    private string? _better;
    private int _betterFor;

    public AdaptivePolicy(EvictionCapacity capacity)
    {
        _capacity = capacity;
        _current = Create(Choices[0], capacity, 0);
        _shadows = NewShadows();
    }

    public string Name => PolicyName;

    public string Deciding => _current.Name;

    public EvictionCapacity Capacity
    {
        get => _capacity;
        set
        {
            _capacity = value;
            _current.Capacity = value;
            if (!TryEnlargeSample())
            {
                ScaleShadows();
            }
        }
    }

    public long Count => _current.Count;

    public long Weight => _current.Weight;

    /// <summary>The policy of the moment, for tests that look into it.</summary>
    internal QueuedPolicy Current => _current;

    internal IReadOnlyList<ShadowCache> Shadows => _shadows;

    public void Add(EvictionNode node)
    {
        Maintain();
        _current.Add(node);
        if (IsSampled(node.Hash))
        {
            Ask(node);
        }

        // By both, as a cache that was made smaller holds more than it has room for until it has evicted the rest.
        if (Count >> _shift > MaxSampled && Room() >> _shift > MaxSampled && _shift < MaxShift)
        {
            _shift++;
            ScaleShadows();
        }
    }

    public void Remove(EvictionNode node)
    {
        if (node.IsQueued)
        {
            _current.Remove(node);
            if (IsSampled(node.Hash))
            {
                foreach (var shadow in _shadows)
                {
                    shadow.Remove(node.Hash);
                }
            }
        }
    }

    public bool OnHit(EvictionNode node)
    {
        var wantsMore = _current.OnHit(node);
        return (IsSampled(node.Hash) && _sampledHits.Offer(node)) || wantsMore;
    }

    public void Maintain()
    {
        _current.Maintain();
        var ring = 0;
        while (_sampledHits.TryTake(ref ring, out var node))
        {
            if (node.IsQueued && IsSampled(node.Hash))
            {
                Ask(node);
            }
        }
    }

    public EvictionNode? FindVictim(int scanLimit = 128, bool offerPinned = false)
    {
        Maintain();
        return _current.FindVictim(scanLimit, offerPinned);
    }

    public void Evict(EvictionNode victim) => _current.Evict(victim);

    public void Skip(EvictionNode victim) => _current.Skip(victim);

    private static QueuedPolicy Create(string name, EvictionCapacity capacity, int rings) => name switch
    {
        S3FifoPolicy.PolicyName => new S3FifoPolicy(capacity),
        LruPolicy.PolicyName => new LruPolicy(capacity, rings),
        _ => new LfuPolicy(capacity, rings),
    };

    // These twelve bits are used by no sketch and no ghost: in a sample taken by one of theirs, theirs would all be the same.
    private bool IsSampled(int hash) => ((HashMix.Spread(hash) >> 20) & ((1UL << _shift) - 1)) == 0;

    private void Ask(EvictionNode node)
    {
        foreach (var shadow in _shadows)
        {
            shadow.Ask(node.Hash, node.Weight);
        }

        _asked++;
        // A window is as many requests as there is room for in miniature: long enough for a queue to turn over.
        if (++_inWindow >= Math.Max(MinWindow, _current.Count >> _shift))
        {
            _inWindow = 0;
            Choose();
        }
    }

    private void Choose()
    {
        if (TryEnlargeSample())
        {
            return;
        }

        var best = _shadows[0];
        var present = 0.0;
        foreach (var shadow in _shadows)
        {
            best = shadow.Hits > best.Hits ? shadow : best;
            present = shadow.PolicyName == _current.Name ? shadow.Hits : present;
        }

        var isBetter = best.Hits - present > Margin * _asked;
        _betterFor = !isBetter ? 0 : best.PolicyName == _better ? _betterFor + 1 : 1;
        _better = isBetter ? best.PolicyName : null;
        if (_betterFor >= WindowsToChange)
        {
            _betterFor = 0;
            Change(best.PolicyName);
        }

        _asked *= Ageing;
        foreach (var shadow in _shadows)
        {
            shadow.Age(Ageing);
        }
    }

    private void Change(string name)
    {
        var next = Create(name, _capacity, 0);
        var last = _current;
        // Not after the first node has gone: a hit that came meanwhile would move, in the old queues, what is in the new ones.
        last.Maintain();
        while (last.TryGiveUp(out var node, out var isProven))
        {
            next.TakeOver(node, isProven);
        }

        _current = next;
    }

    /// <summary>
    /// Takes a larger share of the keys where the present one leaves the miniatures less than half of what they could be: of a
    /// few entries nothing can be told. They begin anew, and all of them with nothing, as what they knew is of a smaller sample.
    /// </summary>
    private bool TryEnlargeSample()
    {
        var room = Room();
        var shift = _shift;
        while (shift > 0 && room >> shift < MaxSampled / 2)
        {
            shift--;
        }

        if (shift == _shift)
        {
            return false;
        }

        _shift = shift;
        _shadows = NewShadows();
        _asked = 0;
        _inWindow = 0;
        _betterFor = 0;
        return true;
    }

    /// <summary>How many entries there is room for, if those to come weigh what those that are here do.</summary>
    private long Room()
    {
        var byCount = _capacity.MaxCount ?? long.MaxValue;
        var byWeight = _capacity.MaxWeight is { } most && Weight > 0 ? (double)most / Weight * Count : long.MaxValue;
        return byWeight < byCount ? (long)byWeight : byCount;
    }

    private ShadowCache[] NewShadows() => [.. Choices.Select(name => new ShadowCache(Create(name, Scaled, 1)))];

    private EvictionCapacity Scaled => new(Scale(_capacity.MaxCount), Scale(_capacity.MaxWeight));

    private void ScaleShadows()
    {
        foreach (var shadow in _shadows)
        {
            shadow.Capacity = Scaled;
            shadow.Keep(IsSampled);
        }
    }

    private long? Scale(long? limit) => limit is { } value ? Math.Max(1, value >> _shift) : null;
}
