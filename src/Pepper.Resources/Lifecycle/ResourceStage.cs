namespace Pepper.Resources;

/// <summary>The part of an operation that took too long, or failed.</summary>
public enum ResourceStage
{
    /// <summary>Waiting for a resource that somebody else holds.</summary>
    Wait,

    /// <summary>Making a resource.</summary>
    Create,

    /// <summary>Checking that a resource still works.</summary>
    Validate,

    /// <summary>Preparing a returned resource for its next holder.</summary>
    Reset,

    /// <summary>Destroying a resource.</summary>
    Destroy,

    /// <summary>What its holder did with a resource.</summary>
    Use,
}
