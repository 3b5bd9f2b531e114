using Pepper.Resources.Policies;

namespace Pepper.Resources.Tests.Policies;

/// <summary>A cache's entry, as far as a policy sees it.</summary>
internal sealed class TestNode(int key, long weight = 1) : EvictionNode(key, weight)
{
    public int Key { get; } = key;

    public bool Pinned { get; set; }

    public override bool IsPinned => Pinned;

    public override string ToString() => $"{Key}";
}
