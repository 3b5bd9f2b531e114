namespace Pepper.IntegrationTests.Polly;

/// <summary>A result that counts how often it is disposed.</summary>
internal sealed record DisposableResult(bool IsGood) : IDisposable
{
    private int _disposed;

    public int Disposed => Volatile.Read(ref _disposed);

    public void Dispose() => Interlocked.Increment(ref _disposed);
}
