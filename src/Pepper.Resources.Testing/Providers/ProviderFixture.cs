using Pepper.Resources.Providers;

namespace Pepper.Resources.Testing;

/// <summary>
/// What the author of a provider writes to have it tested: how to make the provider, on an environment (a folder, a database)
/// that is this fixture's own and goes with it.
/// </summary>
public abstract class ProviderFixture : IAsyncDisposable
{
    /// <summary>The time, for the provider to live by: tests move it instead of waiting.</summary>
    public ManualTimeProvider Time { get; } = new();

    /// <summary>Makes a provider, not initialised; all that one fixture makes share its environment.</summary>
    /// <param name="name">Its name.</param>
    /// <returns>The provider.</returns>
    public abstract IProvider Create(string name);

    /// <summary>Makes a provider whose configuration has a fault.</summary>
    /// <param name="name">Its name.</param>
    /// <returns>The provider; <c>null</c> when no configuration can have a fault. Default: <c>null</c>.</returns>
    public virtual IProvider? CreateFaulty(string name) => null;

    /// <summary>Prepares the environment, before the first provider is made. Default: nothing.</summary>
    /// <returns>Ends when it is ready.</returns>
    public virtual ValueTask PrepareAsync() => default;

    /// <summary>Removes the environment. Default: nothing.</summary>
    /// <returns>Ends when nothing is left of it.</returns>
    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return default;
    }
}
