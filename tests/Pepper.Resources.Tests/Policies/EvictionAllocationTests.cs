using Pepper.Resources.Policies;

namespace Pepper.Resources.Tests.Policies;

public sealed class EvictionAllocationTests
{
    [Theory]
    [InlineData("s3-fifo")]
    [InlineData("lru")]
    [InlineData("lfu")]
    [InlineData("adaptive")]
    public void OnHit_AnyPolicy_AllocatesNothing(string name)
    {
        var policy = EvictionPolicies.Create(name, new EvictionCapacity(100));
        var nodes = Enumerable.Range(0, 100).Select(key => new TestNode(key)).ToArray();
        Array.ForEach(nodes, policy.Add);

        Assert.Equal(0, Allocated(() =>
        {
            foreach (var node in nodes)
            {
                if (policy.OnHit(node))
                {
                    policy.Maintain();
                }
            }
        }));
    }

    [Theory]
    [InlineData("s3-fifo")]
    [InlineData("lru")]
    [InlineData("lfu")]
    public void AddAndEvict_InSteadyState_AllocatesNothingBesideTheNodes(string name)
    {
        var policy = EvictionPolicies.Create(name, new EvictionCapacity(100));
        var nodes = Enumerable.Range(0, 4000).Select(key => new TestNode(key % 1500)).ToArray();
        var next = 0;
        Turn(1500);

        Assert.Equal(0, Allocated(() => Turn(200)));

        void Turn(int times)
        {
            for (var i = 0; i < times; i++)
            {
                policy.Add(nodes[next++ % nodes.Length]);
                while (policy.IsOverCapacity)
                {
                    policy.Evict(policy.FindVictim()!);
                }
            }
        }
    }

    [Fact]
    public void Node_BesideTheObjectsHeader_Is32Bytes()
    {
        var nodes = new EvictionNode[1000];
        Fill();

        Assert.Equal(48 * nodes.Length, Allocated(Fill));

        void Fill()
        {
            for (var i = 0; i < nodes.Length; i++)
            {
                nodes[i] = new BareNode(i);
            }
        }
    }

    /// <summary>The least of several runs: the run-time compiles while it runs, and allocates for that.</summary>
    private static long Allocated(Action action)
    {
        var least = long.MaxValue;
        for (var run = 0; run < 10; run++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            action();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }

    private sealed class BareNode(int hash) : EvictionNode(hash)
    {
        public override bool IsPinned => false;
    }
}
