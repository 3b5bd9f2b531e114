namespace Pepper.Resources;

/// <summary>One named change of state: where it leads, and from where it is legal.</summary>
internal sealed record ResourceTransition(string Name, ResourceState To, params ResourceState[] From)
{
    private readonly int _from = From.Aggregate(0, static (mask, state) => mask | (1 << (int)state));

    internal bool IsLegalFrom(ResourceState state) => (_from & (1 << (int)state)) != 0;
}

/// <summary>The one table of legal changes.</summary>
internal static class ResourceTransitions
{
    internal static readonly ResourceTransition Initialize =
        new(nameof(Initialize), ResourceState.Initialized, ResourceState.Created);

    internal static readonly ResourceTransition Acquire =
        new(nameof(Acquire), ResourceState.InUse, ResourceState.Initialized, ResourceState.Idle);

    internal static readonly ResourceTransition Release =
        new(nameof(Release), ResourceState.Idle, ResourceState.InUse);

    internal static readonly ResourceTransition Fail =
        new(nameof(Fail), ResourceState.Failed,
            ResourceState.Created, ResourceState.Initialized, ResourceState.InUse, ResourceState.Idle);

    internal static readonly ResourceTransition Recover =
        new(nameof(Recover), ResourceState.Initialized, ResourceState.Failed);

    internal static readonly ResourceTransition Dispose =
        new(nameof(Dispose), ResourceState.Disposed,
            ResourceState.Created, ResourceState.Initialized, ResourceState.Idle, ResourceState.Failed);

    internal static readonly IReadOnlyList<ResourceTransition> All = [Initialize, Acquire, Release, Fail, Recover, Dispose];
}
