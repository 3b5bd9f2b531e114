namespace Pepper.Resources.Policies;

/// <summary>What admission policies can be told.</summary>
public sealed class AdmissionPolicyOptions
{
    /// <summary>
    /// For <c>by-weight</c>: the largest share of the capacity that one entry may take; more than 0, at most 1. Default: 0.25.
    /// </summary>
    public double MaxShare { get; set; } = 0.25;

    internal void Validate()
    {
        if (MaxShare is not (> 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(
                nameof(MaxShare), MaxShare, "MaxShare, the share of the capacity for one entry, is more than 0 and at most 1.");
        }
    }
}
