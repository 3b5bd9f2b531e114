namespace Pepper.Resources.Pooling;

/// <summary>What is noted of a creation that a second one may join. Protected by the pool's lock.</summary>
internal sealed class CreateWatch
{
    /// <summary>Whether it has taken so long that a second one may.</summary>
    internal bool IsSlow { get; set; }

    /// <summary>Whether it has ended, or is given up.</summary>
    internal bool IsEnded { get; set; }
}
