using Pepper.Resources.Recovery;

namespace Pepper.Resources.Pooling;

/// <summary>
/// What is decided under the pool's lock about creations and those who wait for them, and told after it:
/// <see cref="PoolCore.Tell"/>.
/// </summary>
internal struct PoolTelling
{
    /// <summary>What happened to the circuit.</summary>
    internal CircuitRound Round;

    /// <summary>Those who are told a failure.</summary>
    internal List<PoolWaiter>? Failed;

    /// <summary>Those who are told that the circuit is not closed.</summary>
    internal List<PoolWaiter>? Rejected;

    /// <summary>How many recoveries there were lately, when these are too many and nobody was told.</summary>
    internal int? TooManyRecoveries;
}
