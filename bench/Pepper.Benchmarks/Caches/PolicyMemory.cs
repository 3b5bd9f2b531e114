using Pepper.Resources.Policies;

namespace Pepper.Benchmarks;

/// <summary>What a policy takes for each entry of a cache.</summary>
internal static class PolicyMemory
{
    public const int Entries = 100_000;

    /// <summary>
    /// Bytes for each entry: its node, and what the policy keeps beside the nodes after three times as many others came and
    /// went.
    /// </summary>
    public static (double Node, double Beside) PerEntry(string name)
    {
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var all = new Node[Entries];
        for (var i = 0; i < all.Length; i++)
        {
            all[i] = new Node(i);
        }

        var array = (long)IntPtr.Size * all.Length;
        var nodes = GC.GetTotalMemory(forceFullCollection: true) - before - array;
        var policy = EvictionPolicies.Create(name, new EvictionCapacity(Entries));
        Array.ForEach(all, policy.Add);
        for (var i = 0; i < 3 * Entries; i++)
        {
            policy.Add(new Node(Entries + i));
            policy.Evict(policy.FindVictim()!);
        }

        // As many nodes are alive as before, though others.
        Array.Clear(all);
        var with = GC.GetTotalMemory(forceFullCollection: true) - before - array;
        GC.KeepAlive(policy);
        GC.KeepAlive(all);
        return ((double)nodes / Entries, (double)(with - nodes) / Entries);
    }

    private sealed class Node(int hash) : EvictionNode(hash)
    {
        public override bool IsPinned => false;
    }
}
