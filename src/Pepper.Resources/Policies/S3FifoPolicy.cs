namespace Pepper.Resources.Policies;

/// <summary>
/// Three first-in-first-out queues: what is new waits in a small one, and moves to the main one only if it is used again; what
/// comes back
/// soon after it left the small one goes to the main one at once. Yang, Zhang, Qiu, Yue, Vinayak: "FIFO queues are all you
/// need for cache
/// eviction", SOSP 2023. A hit is a capped counter in the node. A pinned node that is passed over goes to the end of its queue.
/// </summary>
internal sealed class S3FifoPolicy(EvictionCapacity capacity) : QueuedPolicy(capacity)
{
    public const string PolicyName = "s3-fifo";

    private const double SmallShare = 0.1;
    // How many of those that left the small queue are remembered, for each entry. The paper has 0.9; a little more never hit
    // less.
    private const double GhostShare = 1.2;

    private readonly EvictionQueue _small = new(1);
    private readonly EvictionQueue _main = new(2);
    private readonly GhostTable _ghosts = new();

    public override string Name => PolicyName;

    public override long Count => _small.Count + _main.Count;

    public override long Weight => _small.Weight + _main.Weight;

    public override IEnumerable<EvictionQueue> Queues => [_small, _main];

    // With one place in it the small queue is never too large: a cache of very few entries still gives what is new a chance.
    private bool SmallGivesFirst => _small.Count > 0 &&
        (_main.Count == 0 || (_small.Count > 1 && Capacity.ShareOf(_small.Count, _small.Weight) >= SmallShare));

    public override void Add(EvictionNode node)
    {
        node.Frequency = 0;
        (_ghosts.TryForget(node.Hash) ? _main : _small).Add(node);
    }

    public override void Remove(EvictionNode node)
    {
        if (node.IsQueued)
        {
            QueueOf(node).Remove(node);
        }
    }

    public override bool OnHit(EvictionNode node)
    {
        CountUse(node);
        return false;
    }

    public override void Maintain()
    {
        // A hit is complete when it is noted.
    }

    public override EvictionNode? FindVictim(int scanLimit = 128, bool offerPinned = false)
    {
        long passes = scanLimit;
        // Each node of the small queue is looked at once; one of the main queue as often as it was used, and once more.
        var leftInSmall = _small.Count;
        var leftInMain = (MaxFrequency + 1) * Count;
        while (leftInSmall > 0 || (leftInMain > 0 && _main.Count > 0))
        {
            var fromSmall = leftInSmall > 0 && (SmallGivesFirst || leftInMain <= 0);
            var queue = fromSmall ? _small : _main;
            var oldest = queue.Oldest!;
            if (fromSmall)
            {
                leftInSmall--;
            }
            else
            {
                leftInMain--;
            }

            if (oldest.Frequency > (fromSmall ? 1 : 0))
            {
                queue.Remove(oldest);
                oldest.Frequency = (byte)(fromSmall ? 0 : oldest.Frequency - 1);
                _main.Add(oldest);
            }
            else if (MayGo(oldest, offerPinned))
            {
                return oldest;
            }
            else if (passes-- <= 0)
            {
                return null;
            }
            else
            {
                queue.Renew(oldest);
            }
        }

        // Hits go on meanwhile: where they came faster than the looking, the first that may go goes.
        return FirstToGo(_main, offerPinned, ref passes);
    }

    public override void Evict(EvictionNode victim)
    {
        if (_small.Contains(victim))
        {
            _ghosts.Lifetime = (long)(Count * GhostShare);
            _ghosts.Remember(victim.Hash);
        }

        Remove(victim);
    }

    public override void Skip(EvictionNode victim)
    {
        if (victim.IsQueued)
        {
            QueueOf(victim).Renew(victim);
        }
    }

    public override bool TryGiveUp(out EvictionNode node, out bool isProven)
    {
        var queue = SmallGivesFirst ? _small : _main;
        node = queue.Oldest!;
        isProven = ReferenceEquals(queue, _main) || node is { Frequency: > 0 };
        if (node is null)
        {
            return false;
        }

        queue.Remove(node);
        return true;
    }

    public override void TakeOver(EvictionNode node, bool isProven) => (isProven ? _main : _small).Add(node);

    private EvictionQueue QueueOf(EvictionNode node) => _small.Contains(node) ? _small : _main;
}
