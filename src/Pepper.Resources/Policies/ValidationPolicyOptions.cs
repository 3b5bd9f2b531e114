namespace Pepper.Resources.Policies;

/// <summary>What validation policies can be told.</summary>
public sealed class ValidationPolicyOptions
{
    /// <summary>For <c>after-idle</c>: what nobody held for so long is validated; zero or more. Default: 500 ms.</summary>
    public TimeSpan Idle { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>For <c>sampled</c>: the share of a resource's loans before which it is validated, 0 to 1. Default: 0.1.</summary>
    public double Share { get; set; } = 0.1;

    internal void Validate()
    {
        List<string> faults = [];
        if (Idle < TimeSpan.Zero)
        {
            faults.Add($"Idle is {Idle}; it is zero or more");
        }

        if (Share is not (>= 0 and <= 1))
        {
            faults.Add(FormattableString.Invariant($"Share is {Share}; it is 0 to 1"));
        }

        if (faults.Count > 0)
        {
            throw new ArgumentException($"ValidationPolicyOptions: {string.Join("; ", faults)}.");
        }
    }
}
