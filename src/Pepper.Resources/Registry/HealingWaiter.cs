namespace Pepper.Resources;

/// <summary>
/// A caller that waits for a resource that is being made anew. What it is told is no task's failure: nobody may look.
/// </summary>
internal sealed class HealingWaiter(long number)
{
    private readonly TaskCompletionSource<Told> _told = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>A higher number than of those who came before.</summary>
    internal long Number => number;

    internal Task<Told> Task => _told.Task;

    internal void Tell(Registration? made, Exception? failure) => _told.TrySetResult(new Told(made, failure));

    /// <summary>The resource, or why there is none; neither when there will be no other.</summary>
    internal readonly record struct Told(Registration? Made, Exception? Failure);
}
