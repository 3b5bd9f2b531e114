using System.Diagnostics;
using Pepper.Resources.Policies;

namespace Pepper.Benchmarks;

/// <summary>What a policy costs in time, on one thread and without a cache around it.</summary>
internal static class PolicySpeed
{
    public const int Entries = 1000;
    private const int Rounds = 15;
    private const int Operations = 200_000;

    /// <summary>
    /// Nanoseconds of a hit, with its share of the work that the policy puts off, and of one entry that comes in while another
    /// goes. Medians.
    /// </summary>
    public static (double Hit, double InAndOut) Of(string name)
    {
        var policy = EvictionPolicies.Create(name, new EvictionCapacity(Entries));
        var nodes = Enumerable.Range(0, Entries).Select(static key => new Node(key)).ToArray();
        Array.ForEach(nodes, policy.Add);
        var order = Enumerable.Range(0, Entries).ToArray();
        new Random(6).Shuffle(order);
        var hit = Median(() =>
        {
            for (var i = 0; i < Operations; i++)
            {
                if (policy.OnHit(nodes[order[i % Entries]]))
                {
                    policy.Maintain();
                }
            }
        });

        var next = Entries;
        var newcomers = new Node[Operations];
        var inAndOut = Median(
            () =>
            {
                foreach (var newcomer in newcomers)
                {
                    policy.Add(newcomer);
                    policy.Evict(policy.FindVictim()!);
                }
            },
            () =>
            {
                for (var i = 0; i < newcomers.Length; i++)
                {
                    newcomers[i] = new Node(next++);
                }
            });
        return (hit, inAndOut);
    }

    private static double Median(Action operations, Action? prepare = null)
    {
        var times = new double[Rounds];
        for (var round = -3; round < Rounds; round++)
        {
            prepare?.Invoke();
            var begun = Stopwatch.GetTimestamp();
            operations();
            var time = Stopwatch.GetElapsedTime(begun).TotalNanoseconds / Operations;
            times[Math.Max(0, round)] = time;
        }

        Array.Sort(times);
        return times[Rounds / 2];
    }

    private sealed class Node(int hash) : EvictionNode(hash)
    {
        public override bool IsPinned => false;
    }
}
