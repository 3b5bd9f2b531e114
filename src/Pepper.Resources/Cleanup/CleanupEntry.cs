namespace Pepper.Resources.Cleanup;

/// <summary>
/// One schedule that has not begun: in the scheduler's table and either in its wheel (not due) or in its queue (due). The
/// scheduler's lock protects it. There may be a million, so it holds what it must and nothing else.
/// </summary>
internal sealed class CleanupEntry(string id, Func<CancellationToken, ValueTask> cleanup) : TimerWheelNode
{
    internal string Id => id;

    internal Func<CancellationToken, ValueTask> Cleanup { get; set; } = cleanup;
}
