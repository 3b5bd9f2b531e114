namespace Pepper.Resources.Policies;

/// <summary>What all policies agree on when they choose a victim.</summary>
internal static class Victims
{
    public static bool MayGo(EvictionNode node, EvictionCapacity capacity, bool offerPinned) =>
        (offerPinned || !node.IsPinned) && (node.Weight > 0 || capacity.MaxCount is not null);
}
