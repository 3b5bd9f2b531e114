using Pepper.Resources.Policies;
using Pepper.Resources.Tests.Stress;

namespace Pepper.Resources.Tests.Policies;

/// <summary>Hits come from any thread while another holds the lock.</summary>
public sealed class EvictionStressTests
{
    [Theory]
    [InlineData("s3-fifo")]
    [InlineData("lru")]
    [InlineData("lfu")]
    [InlineData("adaptive")]
    public async Task OnHit_FromManyThreadsWhileNodesComeAndGo_BreaksNothing(string name)
    {
        const int Capacity = 256;
        var policy = EvictionPolicies.Create(name, new EvictionCapacity(Capacity));
        var slots = new TestNode?[1024];
        using var ended = new CancellationTokenSource();
        var hits = 0L;
        var hitters = Enumerable.Range(0, 3).Select(seed => Task.Factory.StartNew(
            () =>
            {
                var random = new Random(seed);
                while (!ended.IsCancellationRequested)
                {
                    if (Volatile.Read(ref slots[random.Next(slots.Length)]) is { } node)
                    {
                        policy.OnHit(node);
                        Interlocked.Increment(ref hits);
                    }
                }
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default)).ToList();

        // This thread alone calls what needs the cache's lock.
        var random = new Random(7);
        foreach (var _ in Rounds.UpTo(200_000))
        {
            var key = random.Next(slots.Length);
            if (slots[key] is { } node)
            {
                if (random.Next(4) == 0)
                {
                    Volatile.Write(ref slots[key], null);
                    policy.Remove(node);
                }

                continue;
            }

            node = new TestNode(key);
            policy.Add(node);
            Volatile.Write(ref slots[key], node);
            while (policy.IsOverCapacity)
            {
                var victim = Assert.IsType<TestNode>(policy.FindVictim());
                policy.Evict(victim);
                Assert.Same(victim, slots[victim.Key]);
                Volatile.Write(ref slots[victim.Key], null);
            }
        }

        Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref hits) >= 10_000, TimeSpan.FromSeconds(30)));
        await ended.CancelAsync();
        await Task.WhenAll(hitters).WaitAsync(TimeSpan.FromSeconds(30));
        PolicyChecks.AssertHolds(policy, [.. slots.OfType<TestNode>()]);
        policy.Maintain();
        PolicyChecks.AssertHolds(policy, [.. slots.OfType<TestNode>()]);
    }

    [Fact]
    public async Task Offer_FromManyThreads_GivesEachHitOnceAtMost()
    {
        var buffer = new HitBuffer();
        var offered = new int[3];
        var nodes = Enumerable.Range(0, 3).Select(key => new TestNode(key)).ToList();
        var taken = new int[3];
        var offerers = nodes.Select(node => Task.Factory.StartNew(
            () =>
            {
                // Until one of its hits came through: all others may be lost.
                for (var i = 0; i < 100_000 || Volatile.Read(ref taken[node.Key]) == 0; i++)
                {
                    offered[node.Key]++;
                    buffer.Offer(node);
                }
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default)).ToList();
        var all = Task.WhenAll(offerers);
        while (!all.IsCompleted)
        {
            Drain();
        }

        await all;
        Drain();
        Assert.Equal(0, Drain());
        Assert.All(nodes, node => Assert.InRange(taken[node.Key], 1, offered[node.Key]));

        int Drain()
        {
            var drained = 0;
            var ring = 0;
            while (buffer.TryTake(ref ring, out var node))
            {
                taken[((TestNode)node).Key]++;
                drained++;
            }

            return drained;
        }
    }
}
