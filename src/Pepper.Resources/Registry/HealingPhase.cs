namespace Pepper.Resources;

/// <summary>Where the healing of a resource stands.</summary>
internal enum HealingPhase
{
    /// <summary>There is a resource, and it is lent.</summary>
    Serving,

    /// <summary>It is broken: its holders keep it, then it is cleaned up.</summary>
    Ending,

    /// <summary>The next one is being made.</summary>
    Making,

    /// <summary>That failed, and is tried again after a pause or a break.</summary>
    Resting,

    /// <summary>No other is made.</summary>
    Ended,
}
