namespace Pepper.Resources.Tests.Lifecycle;

/// <summary>A hook that says when it has begun, and ends when the test says so.</summary>
internal sealed class Stage
{
    private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public static TimeSpan Guard { get; } = TimeSpan.FromSeconds(30);

    public Task Begun => _begun.Task.WaitAsync(Guard);

    public void End() => _end.TrySetResult();

    public void Fail(Exception failure) => _end.TrySetException(failure);

    public async ValueTask RunAsync(CancellationToken cancellationToken = default)
    {
        _begun.TrySetResult();
        await _end.Task.WaitAsync(cancellationToken);
    }
}
