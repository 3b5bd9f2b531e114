namespace Pepper.Cli.Demo;

/// <summary>
/// SQLite has one writer at a time, and lets the others poll. Here they queue instead, in the order of their asking, and no
/// thread waits.
/// </summary>
internal sealed class WriterTurn : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1, 1);

    internal Task TakeAsync(CancellationToken cancellationToken) => _turn.WaitAsync(cancellationToken);

    internal void GiveBack() => _turn.Release();

    public void Dispose() => _turn.Dispose();
}
