using Polly;

namespace Pepper.Resources.Polly;

/// <summary>
/// What work under a time limit came to. When it comes too late, whoever has waited for it in the background disposes it: the
/// result, which nobody gets, and the context that the work had to itself.
/// </summary>
/// <param name="Outcome">The outcome.</param>
/// <param name="Context">The context that the work had.</param>
/// <param name="IsCancelled">Whether it ended because its token was cancelled.</param>
internal readonly record struct BoundedOutcome<T>(Outcome<T> Outcome, ResilienceContext Context, bool IsCancelled)
    : IAsyncDisposable
{
    public ValueTask DisposeAsync()
    {
        ResilienceContextPool.Shared.Return(Context);
        return Discarded.DisposeAsync(Outcome.Result);
    }
}
