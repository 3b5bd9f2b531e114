using Pepper.Resources.Policies;
using Pepper.Resources.Pooling;

namespace Pepper.Resources;

/// <summary>
/// The policies by name, as options choose them: those of the house and those that were added, which are known to the whole
/// process from then on. And what sizing policies make of a coordinator's pools. Safe from any thread.
/// </summary>
public sealed class ResourcePolicies
{
    private readonly IReadOnlyDictionary<string, IResourcePool> _pools;

    internal ResourcePolicies(IReadOnlyDictionary<string, IResourcePool> pools) => _pools = pools;

#pragma warning disable CA1822 // They are asked of a coordinator's policies, wherever they are kept.
    /// <summary>The names for <see cref="Caching.ResourceCacheOptions{TKey, T}.Eviction"/>, sorted.</summary>
    public IReadOnlyList<string> Eviction => EvictionPolicies.Names;

    /// <summary>The names for <see cref="Caching.ResourceCacheOptions{TKey, T}.Admission"/>, sorted.</summary>
    public IReadOnlyList<string> Admission => AdmissionPolicies.Names;

    /// <summary>
    /// The names for <see cref="Caching.ResourceCacheOptions{TKey, T}.Expiry"/>, sorted. One of your own is given to a cache as
    /// an object, as it knows types.
    /// </summary>
    public IReadOnlyList<string> Expiry => ExpiryPolicies.Names;

    /// <summary>The names for <see cref="ResourcePoolOptions.ValidateBy"/>, sorted.</summary>
    public IReadOnlyList<string> Validation => ValidationPolicies.Names;

    /// <summary>The names for <see cref="RecommendSize"/>, sorted.</summary>
    public IReadOnlyList<string> Sizing => SizingPolicies.Names;
#pragma warning restore CA1822

    /// <summary>Makes an eviction policy of your own known.</summary>
    /// <param name="name">Its name: letters, digits and hyphens.</param>
    /// <param name="create">Creates the policy of one cache, of the capacity given.</param>
    /// <returns>The same, to add another.</returns>
    /// <exception cref="ArgumentException">The name is taken, or has other characters.</exception>
    public ResourcePolicies AddEviction(string name, Func<EvictionCapacity, IEvictionPolicy> create)
    {
        EvictionPolicies.Register(name, create);
        return this;
    }

    /// <summary>Makes an admission policy of your own known.</summary>
    /// <param name="name">Its name: letters, digits and hyphens.</param>
    /// <param name="create">Creates the policy of one cache.</param>
    /// <returns>The same, to add another.</returns>
    /// <exception cref="ArgumentException">The name is taken, or has other characters.</exception>
    public ResourcePolicies AddAdmission(string name, Func<AdmissionPolicyOptions, IAdmissionPolicy> create)
    {
        AdmissionPolicies.Register(name, create);
        return this;
    }

    /// <summary>Makes a validation policy of your own known.</summary>
    /// <param name="name">Its name: letters, digits and hyphens.</param>
    /// <param name="create">Creates the policy of one pool.</param>
    /// <returns>The same, to add another.</returns>
    /// <exception cref="ArgumentException">The name is taken, or has other characters.</exception>
    public ResourcePolicies AddValidation(string name, Func<ValidationPolicyOptions, IValidationPolicy> create)
    {
        ValidationPolicies.Register(name, create);
        return this;
    }

    /// <summary>Makes a sizing policy of your own known.</summary>
    /// <param name="name">Its name: letters, digits and hyphens.</param>
    /// <param name="create">Creates the policy.</param>
    /// <returns>The same, to add another.</returns>
    /// <exception cref="ArgumentException">The name is taken, or has other characters.</exception>
    public ResourcePolicies AddSizing(string name, Func<SizingPolicyOptions, ISizingPolicy> create)
    {
        SizingPolicies.Register(name, create);
        return this;
    }

    /// <summary>
    /// How large a pool should be, by what was seen of it (<see cref="IResourcePool.Observation"/>). Nobody is resized by it.
    /// </summary>
    /// <param name="pool">The name of the pool.</param>
    /// <param name="policy">The name of the sizing policy. Default: that of <see cref="SizingPolicies.Default"/>.</param>
    /// <param name="options">What the policy can be told. Default: the defaults.</param>
    /// <returns>The sizes, and why.</returns>
    /// <exception cref="ResourceNotFoundException">There is no such pool; the message names those that there are.</exception>
    /// <exception cref="ArgumentException">
    /// There is no such policy; the message names those that there are. Or options are out of their range.
    /// </exception>
    public SizingAdvice RecommendSize(string pool, string policy = SizingPolicies.Default, SizingPolicyOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(pool);
        return _pools.TryGetValue(pool, out var found)
            ? found.RecommendSize(SizingPolicies.Create(policy, options))
            : throw new ResourceNotFoundException(
                $"There is no pool '{pool}'; there are: {string.Join(", ", _pools.Keys.Order(StringComparer.Ordinal))}.", pool);
    }
}
