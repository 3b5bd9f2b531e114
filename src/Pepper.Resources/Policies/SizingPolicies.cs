namespace Pepper.Resources.Policies;

/// <summary>The sizing policies by name, as configuration chooses them. All members are safe to call from any thread.</summary>
/// <remarks>
/// <c>erlang</c> asks queueing theory for the smallest pool in which few enough callers wait. <c>steps</c> goes a step at a
/// time: up by a
/// half when too many waited, down when some lay idle all the time.
/// </remarks>
public static class SizingPolicies
{
    /// <summary>The name of the policy that is used when none is chosen.</summary>
    public const string Default = ErlangSizing.PolicyName;

    private static readonly NamedPolicies<SizingPolicyOptions, ISizingPolicy> Named = new("sizing policy")
    {
        { ErlangSizing.PolicyName, options => new ErlangSizing(options.MaxWaitShare, options.Limit) },
        { StepSizing.PolicyName, options => new StepSizing(options.MaxWaitShare, options.Limit) },
    };

    /// <summary>The names that <see cref="Create"/> knows, sorted.</summary>
    public static IReadOnlyList<string> Names => Named.Names;

    /// <summary>Creates a policy.</summary>
    /// <param name="name">Its name; upper and lower case are the same.</param>
    /// <param name="options">What it can be told; the defaults when null.</param>
    /// <exception cref="ArgumentException">There is no policy of this name; the message lists those there are. Or options are
    /// out of
    /// their range, all of which the message names.</exception>
    public static ISizingPolicy Create(string name, SizingPolicyOptions? options = null)
    {
        options ??= new SizingPolicyOptions();
        options.Validate();
        return Named.Create(name, options);
    }

    /// <summary>Makes a policy of your own known by name, for the whole process.</summary>
    /// <param name="name">Its name: letters, digits and hyphens.</param>
    /// <param name="create">Creates the policy.</param>
    /// <exception cref="ArgumentException">The name is taken, or has other characters.</exception>
    public static void Register(string name, Func<SizingPolicyOptions, ISizingPolicy> create) => Named.Add(name, create);
}
