namespace Pepper.Resources.Cleanup;

/// <summary>
/// What a <see cref="TimerWheel"/> or a <see cref="TimerWheelList"/> holds. The links are in the node itself, so that holding it
/// allocates nothing; therefore a node is in one list at a time. Whatever protects that list protects the node.
/// </summary>
internal abstract class TimerWheelNode
{
    /// <summary>
    /// The following node. In a chain that <see cref="TimerWheel.Advance"/> returned, null at its end; read it before the node is
    /// added anywhere again.
    /// </summary>
    internal TimerWheelNode? Next { get; set; }

    internal TimerWheelNode? Previous { get; set; }

    /// <summary>The tick at which the node is due, as it was last added.</summary>
    internal long DueTick { get; set; }

    /// <summary>One more than the number of the wheel's bucket it is in, so that a new node's zero means none.</summary>
    internal int BucketPlusOne { get; set; }

    /// <summary>Whether it is in a wheel.</summary>
    internal bool IsLinked => BucketPlusOne != 0;
}
