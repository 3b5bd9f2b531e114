using Pepper.Resources.Pooling;
using Pepper.Resources.Tests.Monitoring;

namespace Pepper.Resources.Tests.Pooling;

/// <summary>
/// What the tests of keyed pools share. One factory serves all keys, unless a test says otherwise, and counts over all.
/// </summary>
public abstract class KeyedPoolTestBase : PoolTestBase
{
    internal LogRecorder<KeyedResourcePool<string, TestResource>> KeyedLog { get; } = new();

    /// <summary>At most two for each key, of which none need be kept.</summary>
    internal KeyedResourcePool<string, TestResource> NewKeyed(
        Action<KeyedResourcePoolOptions<string>>? configure = null, Func<string, IResourceFactory<TestResource>>? factory = null)
    {
        var options = new KeyedResourcePoolOptions<string> { Name = "hosts", PerKey = { MinSize = 0, MaxSize = 2 } };
        configure?.Invoke(options);
        return new KeyedResourcePool<string, TestResource>(
            factory ?? (_ => Factory), options, comparer: null, Time, Monitor, KeyedLog);
    }

    internal static async Task<Lease<TestResource>> Lend(KeyedResourcePool<string, TestResource> pools, string key) =>
        await Ask(pools, key).WaitAsync(Guard, Stop);

    internal static Task<Lease<TestResource>> Ask(
        KeyedResourcePool<string, TestResource> pools,
        string key,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        timeout is { } given
            ? pools.AcquireAsync(key, given, cancellationToken).AsTask()
            : pools.AcquireAsync(key, cancellationToken).AsTask();

    /// <summary>Begins to acquire, and waits until the caller stands in line for room.</summary>
    internal static async Task<Task<Lease<TestResource>>> Starve(
        KeyedResourcePool<string, TestResource> pools, string key, CancellationToken cancellationToken = default)
    {
        var before = pools.Statistics.StarvingKeys;
        var asked = Ask(pools, key, cancellationToken: cancellationToken);
        await Until(() => pools.Statistics.StarvingKeys == before + 1, $"{key} stands in line");
        return asked;
    }

    /// <summary>Lends one and gives it back, so that the key has one idle.</summary>
    internal static async Task MakeIdle(KeyedResourcePool<string, TestResource> pools, string key, int count = 1)
    {
        var leases = new List<Lease<TestResource>>();
        for (var index = 0; index < count; index++)
        {
            leases.Add(await Lend(pools, key));
        }

        leases.ForEach(static lease => lease.Dispose());
    }
}
