namespace Pepper.Tests;

/// <summary>A mode of a <see cref="FaultProxy"/>, from when it was set until the next one is.</summary>
internal sealed class FaultProxyPhase(FaultProxyMode mode, TimeSpan delay)
{
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal FaultProxyMode Mode => mode;

    internal Task Ended => _ended.Task;

    internal void End() => _ended.TrySetResult();

    /// <summary>Waits for the delay, or for the end of the phase if that comes first.</summary>
    internal Task WaitAsync() => Task.WhenAny(_ended.Task, Task.Delay(delay, TimeProvider.System));
}
