namespace Pepper.Resources.Pooling;

/// <summary>
/// How a <see cref="KeyedResourcePool{TKey, T}"/> behaves. It copies what it is given: later changes have no effect.
/// </summary>
/// <typeparam name="TKey">The type of the keys.</typeparam>
public sealed class KeyedResourcePoolOptions<TKey>
    where TKey : notnull
{
    /// <summary>
    /// The name in messages, metrics and snapshots: not empty. The pool of a key is called <c>name[key]</c>. Default:
    /// <c>default</c>.
    /// </summary>
    public string Name { get; set; } = "default";

    /// <summary>
    /// What the pool of each key is like; its <see cref="ResourcePoolOptions.Name"/> is not used. Default: a default
    /// <see cref="ResourcePoolOptions"/> with a <see cref="ResourcePoolOptions.MinSize"/> of 0.
    /// </summary>
    public ResourcePoolOptions PerKey { get; set; } = new() { MinSize = 0 };

    /// <summary>
    /// How many resources there are at most over all keys, those being made or destroyed included: 1 or more. Default:
    /// <c>null</c>, as many as the keys' own maxima allow.
    /// </summary>
    public int? MaxTotal { get; set; }

    /// <summary>
    /// How many keys have a pool at the same time: 1 or more. For one more, the pool of the key that was unused for longest is
    /// retired; when all are in use, the caller is refused. Default: <c>null</c>, any number.
    /// </summary>
    public int? MaxKeys { get; set; }

    /// <summary>
    /// After how much time a key's pool is retired, and what it keeps idle destroyed, when nobody has held, awaited or asked for
    /// one of its resources: more than zero; <c>null</c> for never. Noticed a second late at most. Default: 10 minutes.
    /// </summary>
    public TimeSpan? KeyIdleTimeout { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Changes the options of one key's pool, which begin as a copy of <see cref="PerKey"/> named <c>name[key]</c>. Called when
    /// the pool is made, outside every lock; what it throws, and what it makes faulty, is told to the caller. Give the pool
    /// another name here when the key is a secret, as the name is in logs and messages. Default: <c>null</c>.
    /// </summary>
    public Action<TKey, ResourcePoolOptions>? Configure { get; set; }

    /// <summary>
    /// Whether each key reports under a <c>pool</c> label of its own, <c>name[key]</c>, instead of all under the one name: each
    /// is a set of time series, so only for keys that are few and no secrets. Default: false.
    /// </summary>
    public bool LabelKeys { get; set; }

    /// <summary>A copy, for options that differ in a few values.</summary>
    /// <returns>The copy.</returns>
    public KeyedResourcePoolOptions<TKey> Copy()
    {
        var copy = (KeyedResourcePoolOptions<TKey>)MemberwiseClone();
        copy.PerKey = PerKey?.Copy()!;
        return copy;
    }
}
