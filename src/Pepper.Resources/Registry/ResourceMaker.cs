using Microsoft.Extensions.Logging;
using Pepper.Resources.Monitoring;

namespace Pepper.Resources;

/// <summary>
/// Makes resources of one id by the user's code, and makes them ready, within a time. What comes too late, is of no use, or is
/// half made, is cleaned up.
/// </summary>
internal sealed class ResourceMaker(
    string id,
    Func<CancellationToken, ValueTask<Resource>> create,
    TimeSpan cleanupTimeout,
    Func<Resource, Task> cleanUp,
    TimeProvider timeProvider,
    ILogger logger)
{
    /// <summary>Never throws. The time is up even for code that ignores its token, or blocks its thread.</summary>
    /// <param name="limit">How long it may take.</param>
    /// <param name="knob">The option that says so.</param>
    /// <param name="cancellationToken">Ends it.</param>
    internal async Task<Made> MakeAsync(TimeSpan limit, string knob, CancellationToken cancellationToken)
    {
        // Never disposed: what is given up may still use its token.
        var source = new CancellationTokenSource();
        var token = source.Token;
        var making = Task.Run(() => MakeOnceAsync(token), CancellationToken.None);
        Task ended = making.WaitAsync(limit, timeProvider, cancellationToken);
        await ended.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (ended.IsCompletedSuccessfully)
        {
            return new Made(await making.ConfigureAwait(false), null, Task.CompletedTask);
        }

        if (making.IsFaulted || making.IsCanceled)
        {
            return new Made(null, making.Exception?.InnerException ?? new TaskCanceledException(making), Task.CompletedTask);
        }

        _ = CancelAsync(source);
        Exception failure = cancellationToken.IsCancellationRequested
            ? new OperationCanceledException($"Making resource '{id}' was cancelled.", cancellationToken)
            : new ResourceTimeoutException(
                $"Resource '{id}' was not made within {knob} ({limit}).", ResourceStage.Create, limit, id);
        return new Made(null, failure, DiscardAsync(making, limit, knob));
    }

    /// <summary>Callbacks on a token are others' code: nobody waits for them, and what they throw is theirs.</summary>
    internal static async Task CancelAsync(CancellationTokenSource source) =>
        await source.CancelAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private async Task<Resource> MakeOnceAsync(CancellationToken cancellationToken)
    {
        var resource = await create(cancellationToken).ConfigureAwait(false)
            ?? throw new ResourceInitializationException($"What makes resource '{id}' gave null.", id, null);
        try
        {
            if (resource.Metadata.Id != id)
            {
                throw new ResourceInitializationException(
                    $"What makes resource '{id}' gave one whose Metadata.Id is '{resource.Metadata.Id}': it must be the Id that "
                    + "was given to RegisterAsync.",
                    id, resource.Metadata.Type);
            }

            cancellationToken.ThrowIfCancellationRequested();
            await resource.InitializeAsync(cancellationToken).ConfigureAwait(false);
            return resource;
        }
        catch (Exception)
        {
            await cleanUp(resource).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Waits for what was given up, so that what is made next is alone; but not for ever.</summary>
    private async Task DiscardAsync(Task<Resource> making, TimeSpan limit, string knob)
    {
        Task ended = making.WaitAsync(cleanupTimeout, timeProvider);
        await ended.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (making.IsCompleted)
        {
            await CleanUpLateAsync(making).ConfigureAwait(false);
            return;
        }

        ResourceLog.MakingAbandoned(logger, id, limit, knob, cleanupTimeout);
        _ = CleanUpLateAsync(making);
    }

    private async Task CleanUpLateAsync(Task<Resource> making)
    {
        Resource resource;
        try
        {
            resource = await making.ConfigureAwait(false);
        }
        catch (Exception)
        {
            // It failed in the end, and has cleaned up what it made.
            return;
        }

        await cleanUp(resource).ConfigureAwait(false);
    }
}
