namespace Pepper.Resources.Tests.Cleanup;

/// <summary>A cleanup that tells when it has begun and goes on when it is let; it ignores its token unless told
/// otherwise.</summary>
internal sealed class Gate(bool obeysToken = false)
{
    private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task Begun => _begun.Task;

    public CancellationToken Token { get; private set; }

    public void Open() => _open.TrySetResult();

    public async ValueTask RunAsync(CancellationToken token)
    {
        Token = token;
        _begun.TrySetResult();
        await (obeysToken ? _open.Task.WaitAsync(token) : _open.Task);
    }
}
