using System.Text;
using Pepper.Resources.Caching;
using Pepper.Resources.Policies;

namespace Pepper.Resources.Tests.Policies;

/// <summary>Policies as users write them, on public members alone; docs/policies.md shows these.</summary>
public sealed class OwnPolicyTests
{
    [Fact]
    public async Task Register_OwnEviction_DecidesInACache()
    {
        EvictionPolicies.Register("first-in-first-out", static capacity => new FirstInFirstOut { Capacity = capacity });
        await using var cache = new ResourceCache<string, StringBuilder>(new ResourceCacheOptions<string, StringBuilder>
        {
            Name = "pages",
            Capacity = 2,
            Eviction = "first-in-first-out",
        });

        // What came first goes first, though it was asked for again.
        foreach (var key in (string[])["a", "b", "a", "c"])
        {
            using var page = await cache.GetOrAddAsync(
                key, static (key, _) => ValueTask.FromResult(new StringBuilder(key)), TestContext.Current.CancellationToken);
        }

        Assert.False(cache.TryGet("a", out _));
        Assert.Equal(["b", "c"], cache.GetEntries().Select(entry => entry.Key).Order());
    }

    [Fact]
    public void FindVictim_OwnEviction_PassesOverWhatIsPinned()
    {
        var policy = new FirstInFirstOut { Capacity = new EvictionCapacity(2) };
        var nodes = Enumerable.Range(0, 3).Select(key => new TestNode(key) { Pinned = key < 2 }).ToList();
        nodes.ForEach(policy.Add);

        Assert.Null(policy.FindVictim(scanLimit: 0));
        Assert.Same(nodes[2], policy.FindVictim());
        Assert.True(((IEvictionPolicy)policy).IsOverCapacity);
    }

    [Fact]
    public void Register_OwnAdmission_DecidesByItsHash()
    {
        AdmissionPolicies.Register("one-in-four", static _ => new OneInFour());
        var policy = AdmissionPolicies.Create("one-in-four");
        var kept = Enumerable.Range(0, 100).Count(hash =>
            policy.Admit(new AdmissionRequest(hash, 1, new EvictionCapacity(10), Count: 10, TotalWeight: 10)));

        Assert.Equal(25, kept);
        Assert.True(policy.Admit(new AdmissionRequest(1, 1, new EvictionCapacity(10), Count: 3, TotalWeight: 3)));
    }

    private sealed class FirstInFirstOut : IEvictionPolicy
    {
        private readonly EvictionQueue _queue = new(1);

        public string Name => "first-in-first-out";

        public required EvictionCapacity Capacity { get; set; }

        public long Count => _queue.Count;

        public long Weight => _queue.Weight;

        public void Add(EvictionNode node) => _queue.Add(node);

        public void Remove(EvictionNode node)
        {
            if (node.IsQueued)
            {
                _queue.Remove(node);
            }
        }

        // From any thread, without a lock: here a hit changes nothing.
        public bool OnHit(EvictionNode node) => false;

        public void Maintain()
        {
        }

        public EvictionNode? FindVictim(int scanLimit = 128, bool offerPinned = false)
        {
            for (var left = _queue.Count; left > 0 && _queue.Oldest is { } oldest; left--)
            {
                if (offerPinned || !oldest.IsPinned)
                {
                    return oldest;
                }

                if (scanLimit-- <= 0)
                {
                    return null;
                }

                _queue.Renew(oldest);
            }

            return null;
        }

        public void Evict(EvictionNode victim) => Remove(victim);

        public void Skip(EvictionNode victim)
        {
            if (victim.IsQueued)
            {
                _queue.Renew(victim);
            }
        }
    }

    private sealed class OneInFour : IAdmissionPolicy
    {
        public string Name => "one-in-four";

        public bool Admit(in AdmissionRequest request) => request.FitsNow || (request.CanFit && request.Hash % 4 == 0);
    }
}
