namespace Pepper.Resources.Pooling;

/// <summary>One pool's part in a budget. All but the two names belongs to the budget, under its lock.</summary>
internal sealed class PoolShare(PoolBudget budget, PoolCore core)
{
    // Written under the budget's lock; read without it by those who only ask whether it is worth to take that lock.
    private volatile bool _isStarving;

    internal PoolBudget Budget { get; } = budget;

    internal PoolCore Core { get; } = core;

    /// <summary>How many places the pool has.</summary>
    internal int Taken { get; set; }

    /// <summary>Whether it stands in the line of those that need a place and found none.</summary>
    internal bool IsStarving
    {
        get => _isStarving;
        set => _isStarving = value;
    }

    /// <summary>Since when, as a timestamp.</summary>
    internal long Since { get; set; }

    internal PoolShare? Next { get; set; }

    internal PoolShare? Previous { get; set; }
}
