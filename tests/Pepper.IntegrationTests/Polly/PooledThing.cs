using Pepper.Resources.Pooling;

namespace Pepper.IntegrationTests.Polly;

/// <summary>A resource that counts how often it is disposed.</summary>
internal sealed class PooledThing(int number) : IDisposable
{
    private int _disposed;

    public int Number => number;

    public bool IsBroken { get; set; }

    public int Disposed => Volatile.Read(ref _disposed);

    public void Dispose() => Interlocked.Increment(ref _disposed);
}

/// <summary>Makes things as a test says, and notes what became of them.</summary>
internal sealed class ThingFactory(Func<int, CancellationToken, ValueTask> make) : IResourceFactory<PooledThing>
{
    private readonly Lock _lock = new();
    private readonly List<PooledThing> _made = [];
    private readonly List<(int Number, DestroyReason Reason)> _destroyed = [];
    private int _begun;

    public FactoryHooks Hooks { get; init; } = FactoryHooks.None;

    public int Begun => Volatile.Read(ref _begun);

    public int Validated { get; private set; }

    public int Reset { get; private set; }

    public IReadOnlyList<PooledThing> Made
    {
        get
        {
            lock (_lock)
            {
                return [.. _made];
            }
        }
    }

    public IReadOnlyList<(int Number, DestroyReason Reason)> Destroyed
    {
        get
        {
            lock (_lock)
            {
                return [.. _destroyed];
            }
        }
    }

    public async ValueTask<PooledThing> CreateAsync(CreateContext context, CancellationToken cancellationToken)
    {
        var number = Interlocked.Increment(ref _begun);
        await make(number, cancellationToken);
        var thing = new PooledThing(number);
        lock (_lock)
        {
            _made.Add(thing);
        }

        return thing;
    }

    public ValueTask<bool> ValidateAsync(PooledThing resource, CancellationToken cancellationToken)
    {
        Validated++;
        return new ValueTask<bool>(true);
    }

    public ValueTask<bool> ResetAsync(PooledThing resource, CancellationToken cancellationToken)
    {
        Reset++;
        return new ValueTask<bool>(true);
    }

    public ValueTask DestroyAsync(PooledThing resource, DestroyReason reason, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            _destroyed.Add((resource.Number, reason));
        }

        return default;
    }
}
