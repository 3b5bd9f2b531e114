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
        var source = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var task = Task.Run(() => work(source.Token), CancellationToken.None);
        var isTimeout = false;
        try
        {
            await task.WaitAsync(limit, timeProvider, cancellationToken).ConfigureAwait(false);
            source.Dispose();
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
            source.Dispose();
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
        // What a stage has hung on its token is its own code too: it may fail, or never end.
        var end = Task.WhenAll(source.CancelAsync(), task).ContinueWith(
            static (all, disposable) =>
            {
                // How it ended is no news, as nobody waits for its result any more; but it is observed.
                _ = all.Exception;
                ((IDisposable)disposable!).Dispose();
            },
            source, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        try
        {
            await end.WaitAsync(options.CancellationGrace, timeProvider).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // It is abandoned.
        }
    }
}
