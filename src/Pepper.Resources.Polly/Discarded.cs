namespace Pepper.Resources.Polly;

/// <summary>Results that nobody gets.</summary>
internal static class Discarded
{
    /// <summary>Disposes a result, if it can be. What that throws is nobody's business: the result was given up.</summary>
    internal static async ValueTask DisposeAsync<T>(T? result)
    {
        try
        {
            switch (result)
            {
                case IAsyncDisposable disposable:
                    await disposable.DisposeAsync().ConfigureAwait(false);
                    break;
                case IDisposable disposable:
                    disposable.Dispose();
                    break;
            }
        }
        catch (Exception)
        {
            // As above.
        }
    }
}
