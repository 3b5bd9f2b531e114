namespace Pepper.Resources.Tests.Lifecycle;

/// <summary>A resource whose two hooks are the test's own, and which counts how often they ran.</summary>
internal sealed class ProbeResource(
    ResourceMetadata metadata,
    TimeProvider? timeProvider = null,
    Func<CancellationToken, ValueTask>? initialize = null,
    Func<ValueTask>? cleanUp = null) : Resource(metadata, timeProvider)
{
    private int _initializations;
    private int _cleanups;

    public int Initializations => Volatile.Read(ref _initializations);

    public int Cleanups => Volatile.Read(ref _cleanups);

    public static ProbeResource Create(
        string id = "probe",
        TimeSpan? timeToLive = null,
        TimeProvider? timeProvider = null,
        Func<CancellationToken, ValueTask>? initialize = null,
        Func<ValueTask>? cleanUp = null,
        ResourceType type = ResourceType.Custom) =>
        new(new ResourceMetadata { Id = id, Type = type, TimeToLive = timeToLive }, timeProvider, initialize, cleanUp);

    protected override ValueTask OnInitializeAsync(CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _initializations);
        return initialize?.Invoke(cancellationToken) ?? default;
    }

    protected override ValueTask OnCleanupAsync()
    {
        Interlocked.Increment(ref _cleanups);
        return cleanUp?.Invoke() ?? default;
    }
}
