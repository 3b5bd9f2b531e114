using Pepper.Resources.Policies;

namespace Pepper.Resources;

/// <content>The policies, by name.</content>
public sealed partial class ResourceCoordinator
{
    /// <summary>
    /// The policies by name, as options choose them, and what sizing policies make of the pools. The same as long as the
    /// coordinator lives.
    /// </summary>
    public ResourcePolicies Policies =>
        field ?? Interlocked.CompareExchange(ref field, new ResourcePolicies(_pools), null) ?? field;
}
