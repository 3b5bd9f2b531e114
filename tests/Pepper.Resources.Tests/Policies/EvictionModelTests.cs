using Pepper.Resources.Policies;

namespace Pepper.Resources.Tests.Policies;

/// <summary>Random operations, and after each of them what must hold of any policy.</summary>
public sealed class EvictionModelTests
{
    public static TheoryData<string, long?, long?, int> Cases()
    {
        var cases = new TheoryData<string, long?, long?, int>();
        foreach (var name in (string[])["s3-fifo", "lru", "lfu", "adaptive"])
        {
            for (var seed = 0; seed < 6; seed++)
            {
                cases.Add(name, 20, null, seed);
                cases.Add(name, null, 60, seed);
                cases.Add(name, 15, 60, seed);
                cases.Add(name, 1, null, seed);
            }
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void AnySequence_OfOperations_KeepsTheInvariants(string name, long? maxCount, long? maxWeight, int seed)
    {
        var model = new Model(EvictionPolicies.Create(name, new EvictionCapacity(maxCount, maxWeight)), new Random(seed));
        for (var step = 0; step < 800; step++)
        {
            model.Step();
        }

        model.Empty();
    }

    private sealed class Model(IEvictionPolicy policy, Random random)
    {
        private readonly Dictionary<int, TestNode> _nodes = [];
        private readonly List<TestNode> _gone = [];

        public void Step()
        {
            switch (random.Next(20))
            {
                case < 9:
                    Ask(random.Next(3) == 0 ? random.Next(1000) : random.Next(40));
                    break;
                case < 12 when _nodes.Count > 0:
                    Remove(Any());
                    break;
                case < 14 when _nodes.Count > 0:
                    Any().Pinned = random.Next(2) == 0;
                    break;
                case 14 when _gone.Count > 0:
                    // What has left already: neither a late hit nor a second end of it may do anything.
                    var gone = _gone[random.Next(_gone.Count)];
                    policy.OnHit(gone);
                    policy.Remove(gone);
                    policy.Evict(gone);
                    policy.Skip(gone);
                    break;
                case 15:
                    policy.Maintain();
                    break;
                case 16 when policy.FindVictim(random.Next(4), offerPinned: true) is TestNode offered:
                    Evict(offered);
                    break;
                case 17 when policy.FindVictim(int.MaxValue) is TestNode refused:
                    policy.Skip(refused);
                    break;
                case 19:
                    MakeRoomFor(random.Next(1, 4));
                    break;
                case 18 when random.Next(20) == 0:
                    policy.Capacity = new EvictionCapacity(Smaller(policy.Capacity.MaxCount), Smaller(policy.Capacity.MaxWeight));
                    MakeRoom();
                    break;
                case 18 when random.Next(10) == 0:
                    var scale = 1 + random.Next(3);
                    policy.Capacity = new EvictionCapacity(policy.Capacity.MaxCount * scale, policy.Capacity.MaxWeight * scale);
                    MakeRoom();
                    break;
                default:
                    Ask(random.Next(10));
                    break;
            }

            PolicyChecks.AssertHolds(policy, _nodes.Values);
        }

        public void Empty()
        {
            foreach (var node in _nodes.Values)
            {
                node.Pinned = false;
            }

            while (policy.FindVictim(int.MaxValue) is TestNode victim)
            {
                Evict(victim);
            }

            PolicyChecks.AssertHolds(policy, _nodes.Values);
            // Only what weighs nothing stays, and only where nothing but weight counts.
            Assert.All(_nodes.Values, node => Assert.Equal(0, node.Weight));
            Assert.True(_nodes.Count == 0 || policy.Capacity.MaxCount is null);
        }

        private void Ask(int key)
        {
            if (_nodes.TryGetValue(key, out var node))
            {
                policy.OnHit(node);
                return;
            }

            policy.Add(_nodes[key] = new TestNode(key, random.Next(8)) { Pinned = random.Next(8) == 0 });
            MakeRoom();
        }

        /// <summary>As a cache does that takes a place before it creates: the newcomers come later, or never.</summary>
        private void MakeRoomFor(int newcomers)
        {
            while (policy.Count > 0 && policy.Capacity.IsExceededBy(policy.Count + newcomers, policy.Weight + newcomers)
                && policy.FindVictim(int.MaxValue) is TestNode victim)
            {
                Assert.False(victim.Pinned, "a pinned node was the victim");
                Evict(victim);
            }
        }

        private static long? Smaller(long? limit) => limit is { } value ? Math.Max(1, value / 2) : null;

        private void MakeRoom()
        {
            while (policy.IsOverCapacity)
            {
                if (policy.FindVictim(int.MaxValue) is not TestNode victim)
                {
                    var byWeightAlone = policy.Capacity.MaxCount is null;
                    Assert.All(_nodes.Values, node => Assert.True(node.Pinned || (byWeightAlone && node.Weight == 0)));
                    return;
                }

                Assert.False(victim.Pinned, "a pinned node was the victim");
                Evict(victim);
            }
        }

        private void Evict(TestNode victim)
        {
            Assert.True(_nodes.Remove(victim.Key, out var known), "a node that had left was the victim");
            Assert.Same(known, victim);
            policy.Evict(victim);
            Forget(victim);
        }

        private void Remove(TestNode node)
        {
            _nodes.Remove(node.Key);
            policy.Remove(node);
            Forget(node);
        }

        private void Forget(TestNode node)
        {
            Assert.False(node.IsQueued);
            _gone.Add(node);
        }

        private TestNode Any() => _nodes.Values.ElementAt(random.Next(_nodes.Count));
    }
}
