namespace Pepper.Resources.Policies;

/// <summary>The eviction policies by name, as configuration chooses them. All members are safe to call from any thread.</summary>
public static class EvictionPolicies
{
    /// <summary>The name of the policy that a cache has when none is chosen.</summary>
    public const string Default = S3FifoPolicy.PolicyName;

    private static readonly NamedPolicies<EvictionCapacity, IEvictionPolicy> Named = new("eviction policy")
    {
        { S3FifoPolicy.PolicyName, capacity => new S3FifoPolicy(capacity) },
        { LfuPolicy.PolicyName, capacity => new LfuPolicy(capacity) },
        { AdaptivePolicy.PolicyName, capacity => new AdaptivePolicy(capacity) },
        { LruPolicy.PolicyName, capacity => new LruPolicy(capacity) },
    };

    /// <summary>The names that <see cref="Create"/> knows, sorted.</summary>
    public static IReadOnlyList<string> Names => Named.Names;

    /// <summary>Creates a policy for one cache.</summary>
    /// <param name="name">Its name; upper and lower case are the same.</param>
    /// <param name="capacity">How much the cache may hold.</param>
    /// <exception cref="ArgumentException">There is no policy of this name; the message lists those there are.</exception>
    public static IEvictionPolicy Create(string name, EvictionCapacity capacity) => Named.Create(name, capacity);

    /// <summary>Makes a policy of your own known by name, for the whole process.</summary>
    /// <param name="name">Its name: letters, digits and hyphens.</param>
    /// <param name="create">Creates a policy for one cache of the capacity given.</param>
    /// <exception cref="ArgumentException">The name is taken, or has other characters.</exception>
    public static void Register(string name, Func<EvictionCapacity, IEvictionPolicy> create) => Named.Add(name, create);
}
