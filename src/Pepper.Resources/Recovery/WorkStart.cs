namespace Pepper.Resources.Recovery;

/// <summary>
/// Begins work. What it yields at once and successfully is handed on as it is, which needs no state machine; all else is awaited.
/// </summary>
internal static class WorkStart
{
    /// <summary>The work under way; what it throws instead of returning is the failure of that.</summary>
    internal static ValueTask<TResult> Begin<TState, TResult>(
        Func<TState, CancellationToken, ValueTask<TResult>> work, TState state, CancellationToken cancellationToken)
    {
        try
        {
            return work(state, cancellationToken);
        }
        catch (Exception failure)
        {
            return ValueTask.FromException<TResult>(failure);
        }
    }
}
