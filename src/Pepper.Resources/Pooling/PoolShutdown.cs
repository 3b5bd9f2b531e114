namespace Pepper.Resources.Pooling;

/// <summary>
/// The creations that a disposal is to cancel. A source of its own would have to be disposed, at a time when stages may still
/// hold its token; this holds nothing but the sources that are in use.
/// </summary>
internal sealed class PoolShutdown
{
    private readonly Lock _lock = new();
    private readonly HashSet<CancellationTokenSource> _sources = [];
    private bool _isClosed;

    /// <summary>
    /// Cancels the source with the others, or at once if that has happened, until what is returned is disposed.
    /// </summary>
    internal Watched Watch(CancellationTokenSource source)
    {
        bool isClosed;
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            isClosed = _isClosed;
            if (!isClosed)
            {
                _sources.Add(source);
            }
        }

        if (isClosed)
        {
            Cancel(source);
        }

        return new Watched(this, source);
    }

    internal void CancelAll()
    {
        CancellationTokenSource[] sources;
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            _isClosed = true;
            sources = [.. _sources];
            _sources.Clear();
        }

        foreach (var source in sources)
        {
            Cancel(source);
        }
    }

    /// <summary>Cancels, whatever those throw who registered on the token.</summary>
    internal static void Cancel(CancellationTokenSource source)
    {
        try
        {
            source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The creation has just ended.
        }
        catch (AggregateException)
        {
            // What a factory registered on its token has failed; the creation is cancelled all the same.
        }
    }

    private void Remove(CancellationTokenSource source)
    {
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            _sources.Remove(source);
        }
    }

    [System.Diagnostics.Conditional("DEBUG")]
    private void AssertInvariants_NeedsLock() =>
        System.Diagnostics.Debug.Assert(!_isClosed || _sources.Count == 0, "Once closed, none is kept.");

    internal readonly struct Watched(PoolShutdown shutdown, CancellationTokenSource source) : IDisposable
    {
        public void Dispose() => shutdown.Remove(source);
    }
}
