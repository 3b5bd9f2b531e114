namespace Pepper.Resources;

/// <summary>Whether what a coordinator holds can be used, and why not.</summary>
public sealed record CoordinatorHealth
{
    /// <summary>The worst of all parts.</summary>
    public required ResourceHealth Status { get; init; }

    /// <summary>A sentence for each part that is not healthy.</summary>
    public required IReadOnlyList<string> Reasons { get; init; }
}
