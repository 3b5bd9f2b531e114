using Pepper.Resources.Pooling;

namespace Pepper.Resources.Polly;

/// <summary>
/// One creation for a pool, which a pipeline may run several times, also at once. It keeps account of what was made: the pool gets
/// one, and the factory destroys all others, however late they come.
/// </summary>
internal sealed class Creation<T>(IResourceFactory<T> factory, CreateContext context)
    where T : class
{
    private readonly Lock _lock = new();
    private readonly List<T> _made = [];
    private bool _hasEnded;

    internal async ValueTask<T> MakeAsync(CancellationToken cancellationToken)
    {
        var product = await factory.CreateAsync(context, cancellationToken).ConfigureAwait(false);
        if (!TryKeep(product))
        {
            await DestroyAsync(product).ConfigureAwait(false);
            throw TooLate();
        }

        return product;
    }

    internal T Make(CancellationToken cancellationToken)
    {
        var product = ((ISyncResourceFactory<T>)factory).Create(context, cancellationToken);
        if (!TryKeep(product))
        {
            _ = DestroyAsync(product);
            throw TooLate();
        }

        return product;
    }

    /// <summary>The pipeline has ended, with this product or none: all others go, and those that are yet to come.</summary>
    internal void End(T? winner)
    {
        T[] losers;
        lock (_lock)
        {
            _hasEnded = true;
            losers = [.. _made.Where(product => !ReferenceEquals(product, winner))];
            _made.Clear();
        }

        foreach (var loser in losers)
        {
            _ = DestroyAsync(loser);
        }
    }

    private bool TryKeep(T? product)
    {
        lock (_lock)
        {
            if (!_hasEnded && product is not null)
            {
                _made.Add(product);
            }

            return !_hasEnded || product is null;
        }
    }

    private OperationCanceledException TooLate() => new(
        $"Pool '{context.PoolName}': a resource was made after the pipeline around its creation had ended; it was destroyed.");

    // The pool knows nothing of it, so nobody waits; Polly may have disposed it before.
    private async Task DestroyAsync(T product)
    {
        try
        {
            await Task.Yield();
            await factory.DestroyAsync(product, DestroyReason.TooLate, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception)
        {
            // There is nobody to tell, and nothing else to do.
        }
    }
}
