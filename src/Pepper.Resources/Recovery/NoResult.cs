namespace Pepper.Resources.Recovery;

/// <summary>
/// Work that yields nothing, as work that yields something. Neither way allocates when the work completes synchronously.
/// </summary>
internal static class NoResult
{
    /// <summary>Runs work that yields nothing, and yields that it ended.</summary>
    internal static readonly Func<Func<CancellationToken, ValueTask>, CancellationToken, ValueTask<bool>> Run =
        static (work, token) =>
        {
            // A completed task that stands for nothing else needs no awaiting; whatever stands for a source does.
            var pending = work(token);
            return pending == default ? new ValueTask<bool>(true) : AwaitAsync(pending);
        };

    internal static ValueTask DropAsync(ValueTask<bool> pending) =>
        pending.IsCompletedSuccessfully ? default : AwaitAndDropAsync(pending);

    private static async ValueTask<bool> AwaitAsync(ValueTask pending)
    {
        await pending.ConfigureAwait(false);
        return true;
    }

    private static async ValueTask AwaitAndDropAsync(ValueTask<bool> pending) => await pending.ConfigureAwait(false);
}
