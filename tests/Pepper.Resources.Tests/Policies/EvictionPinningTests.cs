using Pepper.Resources.Policies;

namespace Pepper.Resources.Tests.Policies;

public sealed class EvictionPinningTests
{
    public static TheoryData<string> Names => ["s3-fifo", "lru", "lfu", "adaptive"];

    [Theory]
    [MemberData(nameof(Names))]
    public void FindVictim_EverythingPinned_EndsWithNothing(string name)
    {
        var (policy, nodes) = Filled(name, 500);
        nodes.ForEach(node => node.Pinned = true);
        nodes.ForEach(node => policy.OnHit(node));

        Assert.Null(policy.FindVictim(int.MaxValue));
        PolicyChecks.AssertHolds(policy, nodes);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void FindVictim_EverythingPinnedButOne_FindsItWhereverItIs(string name)
    {
        for (var free = 0; free < 60; free++)
        {
            var (policy, nodes) = Filled(name, 60);
            for (var i = 0; i < nodes.Count; i++)
            {
                nodes[i].Pinned = i != free;
                if (i % 3 == 0)
                {
                    policy.OnHit(nodes[i]);
                }
            }

            Assert.Same(nodes[free], policy.FindVictim(int.MaxValue));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void FindVictim_ScanLimitReached_GoesOnAtTheNextCall(string name)
    {
        var (policy, nodes) = Filled(name, 100);
        for (var i = 0; i < 90; i++)
        {
            nodes[i].Pinned = true;
        }

        EvictionNode? victim = null;
        var calls = 0;
        while (victim is null && calls < 100)
        {
            victim = policy.FindVictim(scanLimit: 10);
            calls++;
        }

        Assert.Contains(victim, nodes.Skip(90));
        Assert.InRange(calls, 1, 20);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void FindVictim_NoScanLimit_LooksAtNoPinnedNode(string name)
    {
        var (policy, nodes) = Filled(name, 10);
        nodes.ForEach(node => node.Pinned = true);

        Assert.Null(policy.FindVictim(scanLimit: 0));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void FindVictim_PinnedOffered_GivesOneToDetach(string name)
    {
        var (policy, nodes) = Filled(name, 10);
        nodes.ForEach(node => node.Pinned = true);

        var victim = Assert.IsType<TestNode>(policy.FindVictim(0, offerPinned: true));

        policy.Evict(victim);
        nodes.Remove(victim);
        PolicyChecks.AssertHolds(policy, nodes);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Skip_VictimThatWasLeased_AnotherIsFound(string name)
    {
        var (policy, _) = Filled(name, 10);
        var first = policy.FindVictim();

        policy.Skip(first!);

        Assert.NotNull(first);
        Assert.NotSame(first, policy.FindVictim());
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void FindVictim_WeightlessWhereOnlyWeightCounts_IsNoVictim(string name)
    {
        var policy = EvictionPolicies.Create(name, new EvictionCapacity(null, 10));
        policy.Add(new TestNode(1, 0));
        Assert.Null(policy.FindVictim(int.MaxValue));

        var heavy = new TestNode(2, 20);
        policy.Add(heavy);

        Assert.True(policy.IsOverCapacity);
        Assert.Same(heavy, policy.FindVictim());
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void FindVictim_Empty_IsNothing(string name) =>
        Assert.Null(EvictionPolicies.Create(name, new EvictionCapacity(3)).FindVictim(int.MaxValue, offerPinned: true));

    private static (IEvictionPolicy Policy, List<TestNode> Nodes) Filled(string name, int count)
    {
        var policy = EvictionPolicies.Create(name, new EvictionCapacity(count));
        var nodes = Enumerable.Range(0, count).Select(key => new TestNode(key)).ToList();
        nodes.ForEach(policy.Add);
        return (policy, nodes);
    }
}
