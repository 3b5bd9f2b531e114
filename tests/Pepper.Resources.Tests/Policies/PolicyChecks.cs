using Pepper.Resources.Policies;

namespace Pepper.Resources.Tests.Policies;

/// <summary>What holds of a policy at any time.</summary>
internal static class PolicyChecks
{
    public static IEnumerable<EvictionNode> NodesOf(EvictionQueue queue)
    {
        for (var node = queue.Oldest; node is not null; node = queue.NewerThan(node))
        {
            yield return node;
        }
    }

    /// <summary>
    /// The policy holds these nodes and no others, each in one queue, linked both ways, and counts and weighs them rightly.
    /// </summary>
    public static void AssertHolds(IEvictionPolicy policy, IReadOnlyCollection<TestNode> nodes)
    {
        var queues = (policy is AdaptivePolicy adaptive ? adaptive.Current : (QueuedPolicy)policy).Queues.ToList();
        var found = new HashSet<EvictionNode>();
        foreach (var queue in queues)
        {
            EvictionNode? last = null;
            var weight = 0L;
            var count = 0;
            foreach (var node in NodesOf(queue))
            {
                Assert.True(found.Add(node), $"{node} is in two queues, or twice in one");
                Assert.Same(last, node.Previous);
                Assert.True(queue.Contains(node));
                Assert.True(node.IsQueued);
                (last, weight, count) = (node, weight + node.Weight, count + 1);
            }

            Assert.Same(last, queue.Newest);
            Assert.Equal((count, weight), (queue.Count, queue.Weight));
        }

        Assert.True(found.SetEquals(nodes), "the policy holds other nodes than the cache");
        Assert.Equal((nodes.Count, nodes.Sum(node => node.Weight)), (policy.Count, policy.Weight));
    }
}
