namespace Pepper.Resources.Policies;

/// <summary>
/// The validation policies by name, as configuration chooses them. All members are safe to call from any thread.
/// </summary>
/// <remarks>
/// <c>always</c> and <c>never</c> say it themselves. <c>after-idle</c> validates what nobody held for some time;
/// <c>sampled</c> one loan of a
/// resource in so many; both also what is suspect. <c>suspects</c> validates nothing else.
/// </remarks>
public static class ValidationPolicies
{
    /// <summary>The name of the policy that is used when none is chosen.</summary>
    public const string Default = "after-idle";

    private static readonly NamedPolicies<ValidationPolicyOptions, IValidationPolicy> Named = new("validation policy")
    {
        { "always", _ => new ValidationRule("always", static (in _) => true) },
        { "never", _ => new ValidationRule("never", static (in _) => false) },
        { "suspects", _ => new ValidationRule("suspects", static (in request) => request.IsSuspect) },
        { Default, options => AfterIdle(options.Idle) },
        { "sampled", options => Sampled(options.Share) },
    };

    /// <summary>The names that <see cref="Create"/> knows, sorted.</summary>
    public static IReadOnlyList<string> Names => Named.Names;

    /// <summary>Creates a policy.</summary>
    /// <param name="name">Its name; upper and lower case are the same.</param>
    /// <param name="options">What it can be told; the defaults when null.</param>
    /// <exception cref="ArgumentException">There is no policy of this name; the message lists those there are. Or options are
    /// out of
    /// their range, all of which the message names.</exception>
    public static IValidationPolicy Create(string name, ValidationPolicyOptions? options = null)
    {
        options ??= new ValidationPolicyOptions();
        options.Validate();
        return Named.Create(name, options);
    }

    /// <summary>Makes a policy of your own known by name, for the whole process.</summary>
    /// <param name="name">Its name: letters, digits and hyphens.</param>
    /// <param name="create">Creates the policy.</param>
    /// <exception cref="ArgumentException">The name is taken, or has other characters.</exception>
    public static void Register(string name, Func<ValidationPolicyOptions, IValidationPolicy> create) => Named.Add(name, create);

    private static ValidationRule AfterIdle(TimeSpan idle) =>
        new(Default, (in request) => request.IsSuspect || request.IdleFor >= idle);

    // The loan at which the number of validations due passes the next whole one: evenly spread, without chance and without state.
    private static ValidationRule Sampled(double share) => new("sampled", (in request) =>
        request.IsSuspect || Math.Floor((request.Uses + 1) * share) > Math.Floor(request.Uses * share));
}
