namespace Pepper.Resources.Pooling;

/// <summary>What a creation is ordered for.</summary>
internal enum CreatePurpose
{
    /// <summary>Callers wait for whom nothing is under way.</summary>
    Demand,

    /// <summary>There are fewer than the minimum.</summary>
    Minimum,

    /// <summary>To see whether creations work again.</summary>
    Probe,

    /// <summary>Callers wait for a creation that takes long.</summary>
    Hedge,
}
