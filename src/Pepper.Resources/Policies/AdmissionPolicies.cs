namespace Pepper.Resources.Policies;

/// <summary>
/// The admission policies by name, as configuration chooses them. All members are safe to call from any thread.
/// </summary>
/// <remarks>
/// <c>always</c> keeps all that can fit. <c>doorkeeper</c> keeps, once the cache is full, only what was asked for before, not
/// long ago: good where most keys come once. <c>by-weight</c> keeps what takes no more than a share of the capacity, so that
/// one giant does
/// not push out a hundred others.
/// </remarks>
public static class AdmissionPolicies
{
    /// <summary>The name of the policy that a cache has when none is chosen.</summary>
    public const string Default = AlwaysAdmission.PolicyName;

    private static readonly NamedPolicies<AdmissionPolicyOptions, IAdmissionPolicy> Named = new("admission policy")
    {
        { AlwaysAdmission.PolicyName, _ => new AlwaysAdmission() },
        { DoorkeeperAdmission.PolicyName, _ => new DoorkeeperAdmission() },
        { WeightAdmission.PolicyName, options => new WeightAdmission(options.MaxShare) },
    };

    /// <summary>The names that <see cref="Create"/> knows, sorted.</summary>
    public static IReadOnlyList<string> Names => Named.Names;

    /// <summary>Creates a policy for one cache.</summary>
    /// <param name="name">Its name; upper and lower case are the same.</param>
    /// <param name="options">What it can be told; the defaults when null.</param>
    /// <exception cref="ArgumentException">There is no policy of this name; the message lists those there are.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public static IAdmissionPolicy Create(string name, AdmissionPolicyOptions? options = null)
    {
        options ??= new AdmissionPolicyOptions();
        options.Validate();
        return Named.Create(name, options);
    }

    /// <summary>Makes a policy of your own known by name, for the whole process.</summary>
    /// <param name="name">Its name: letters, digits and hyphens.</param>
    /// <param name="create">Creates a policy for one cache.</param>
    /// <exception cref="ArgumentException">The name is taken, or has other characters.</exception>
    public static void Register(string name, Func<AdmissionPolicyOptions, IAdmissionPolicy> create) => Named.Add(name, create);
}
