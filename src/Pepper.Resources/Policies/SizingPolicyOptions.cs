namespace Pepper.Resources.Policies;

/// <summary>What sizing policies can be told.</summary>
public sealed class SizingPolicyOptions
{
    /// <summary>The share of the callers that may have to wait; more than 0, less than 1. Default: 0.05.</summary>
    public double MaxWaitShare { get; set; } = 0.05;

    /// <summary>The largest size ever recommended, as a server allows it; 1 or more. Default: 1000.</summary>
    public int Limit { get; set; } = 1000;

    internal void Validate()
    {
        List<string> faults = [];
        if (MaxWaitShare is not (> 0 and < 1))
        {
            faults.Add(FormattableString.Invariant($"MaxWaitShare is {MaxWaitShare}; it is more than 0 and less than 1"));
        }

        if (Limit < 1)
        {
            faults.Add(FormattableString.Invariant($"Limit is {Limit}; it is 1 or more"));
        }

        if (faults.Count > 0)
        {
            throw new ArgumentException($"SizingPolicyOptions: {string.Join("; ", faults)}.");
        }
    }
}
