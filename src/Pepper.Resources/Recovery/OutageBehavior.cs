namespace Pepper.Resources.Recovery;

/// <summary>What becomes of callers for whom there is nothing idle while the circuit of the creations is not closed.</summary>
public enum OutageBehavior
{
    /// <summary>
    /// They are told at once, unless what is lent still comes back good, as it has within the last seconds: then they wait for
    /// it, as with <see cref="WaitForReturn"/>. So a server that is gone costs nobody a wait, and one that only takes no more
    /// connections serves with those that it has.
    /// </summary>
    Auto,

    /// <summary>They are told at once, by a <see cref="CircuitOpenException"/>.</summary>
    Reject,

    /// <summary>
    /// They wait, within their time, for a resource that is lent to come back; told at once is who waits when none is left.
    /// </summary>
    WaitForReturn,
}
