namespace Pepper.Resources.Recovery;

/// <summary>What becomes of callers for whom there is nothing idle while the circuit of the creations is not closed.</summary>
public enum OutageBehavior
{
    /// <summary>They are told at once, by a <see cref="CircuitOpenException"/>.</summary>
    Reject,

    /// <summary>
    /// They wait, within their time, for a resource that is lent to come back; told at once is who waits when none is left.
    /// </summary>
    WaitForReturn,
}
