namespace Pepper.Resources.Tests.Lifecycle;

/// <summary>For what happens on another thread and has no event that a test could await.</summary>
internal static class Eventually
{
    public static async Task HoldsAsync(Func<bool> condition)
    {
        using var guard = new CancellationTokenSource(Stage.Guard);
        while (!condition())
        {
            guard.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}
