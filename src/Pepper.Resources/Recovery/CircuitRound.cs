using System.Runtime.InteropServices;

namespace Pepper.Resources.Recovery;

/// <summary>
/// What happens to a circuit under one hold of a lock, its own or its owner's, and is told after it:
/// <see cref="CircuitBreaker.Tell"/>. The time is that of the first step that needs it.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal struct CircuitRound
{
    internal long Now { get; private set; }

    internal DateTimeOffset Utc { get; private set; }

    /// <summary>The transitions so far; null when there are none.</summary>
    internal List<(CircuitTransition Transition, string? Reason)>? Told { get; private set; }

    private bool _isBegun;

    internal void Begin(MonotonicClock clock, TimeProvider timeProvider)
    {
        if (!_isBegun)
        {
            _isBegun = true;
            Now = clock.Now;
            Utc = timeProvider.GetUtcNow();
        }
    }

    internal void Add(CircuitTransition transition, string? reason) => (Told ??= []).Add((transition, reason));
}
