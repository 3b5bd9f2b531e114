using Microsoft.Extensions.Logging;
using Pepper.Resources.Monitoring;

namespace Pepper.Resources.Providers;

/// <summary>Runs the stages of a provider's life: the user's code, each with a limit of its own.</summary>
internal sealed class ProviderStageRunner(ProviderManagerOptions options, TimeProvider timeProvider, ILogger logger)
{
    /// <summary>
    /// Runs one stage on the thread pool, so that code which blocks holds up nobody else. When it was cancelled or took too
    /// long and does not heed its token either, it is abandoned and noted in the instance.
    /// </summary>
    internal async Task RunAsync(
        string name, ProviderStage stage, ProviderInstance? instance, Func<CancellationToken, Task> work,
        CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var (limit, knob) = LimitOf(stage);
        using var source = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var task = Task.Run(() => work(source.Token), CancellationToken.None);
        var isTimeout = false;
        try
        {
            await task.WaitAsync(limit, timeProvider, cancellationToken).ConfigureAwait(false);
            return;
        }
        catch (TimeoutException) when (!task.IsFaulted)
        {
            isTimeout = true;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Below.
        }
        catch (Exception failure)
        {
            throw Wrap(name, stage, failure);
        }

        await EndAsync(source, task).ConfigureAwait(false);
        if (!task.IsCompleted)
        {
            ProviderLog.Abandoned(logger, name, stage.ToString(), limit, knob);
            if (instance is not null)
            {
                instance.AbandonedWork = task;
            }
        }

        if (isTimeout)
        {
            throw new ProviderStageException(
                $"Provider '{name}': {stage} did not end within {limit} ({knob}).", name, stage,
                new TimeoutException($"{stage} took longer than {limit}."));
        }

        cancellationToken.ThrowIfCancellationRequested();
    }

    internal static ProviderStageException Wrap(string name, ProviderStage stage, Exception failure) =>
        failure as ProviderStageException ?? new ProviderStageException(
            $"Provider '{name}': {stage} failed: {FailureText.Of(failure)}", name, stage, failure);

    private (TimeSpan Limit, string Knob) LimitOf(ProviderStage stage) => stage is ProviderStage.Cleanup
        ? (options.CleanupTimeout, nameof(options.CleanupTimeout))
        : (options.StageTimeout, nameof(options.StageTimeout));

    private async Task EndAsync(CancellationTokenSource source, Task task)
    {
        try
        {
            await source.CancelAsync().ConfigureAwait(false);
            await task.WaitAsync(options.CancellationGrace, timeProvider).ConfigureAwait(false);
        }
        catch (Exception)
        {
            // How it ended, if it did, is no news: nobody waits for its result any more. An abandoned one is observed here too.
            _ = task.ContinueWith(
                static late => _ = late.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted,
                TaskScheduler.Default);
        }
    }
}
