namespace Pepper.Resources.Policies;

/// <summary>A recommended size.</summary>
/// <param name="MinSize">The smallest size recommended.</param>
/// <param name="MaxSize">The largest size recommended.</param>
/// <param name="Reason">Why, in one sentence for people.</param>
public readonly record struct SizingAdvice(int MinSize, int MaxSize, string Reason);
