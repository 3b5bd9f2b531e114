namespace Pepper.Resources.Providers;

/// <summary>The base of everything that Pepper throws about a provider. The inner exception is the cause.</summary>
public class ProviderException : ResourceException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">What happened, to which provider.</param>
    /// <param name="providerName">The name of the provider.</param>
    /// <param name="innerException">The cause, if any.</param>
    public ProviderException(string message, string providerName, Exception? innerException = null)
        : base(message, providerName, null, innerException) => ProviderName = providerName;

    /// <summary>The name of the provider.</summary>
    public string ProviderName { get; }
}

/// <summary>No provider is registered under the name that was asked for.</summary>
/// <param name="message">What was asked for.</param>
/// <param name="providerName">The name that is not known.</param>
public sealed class ProviderNotFoundException(string message, string providerName) : ProviderException(message, providerName);

/// <summary>The name is taken by another provider.</summary>
/// <param name="message">What was registered twice.</param>
/// <param name="providerName">The name that is taken.</param>
public sealed class DuplicateProviderException(string message, string providerName) : ProviderException(message, providerName);

/// <summary>
/// The provider depends on one that is missing or does not run, or on itself by way of others, or others depend on it.
/// </summary>
/// <param name="message">Who depends on whom.</param>
/// <param name="providerName">The name of the provider that was refused.</param>
/// <param name="others">The names of the others, in order.</param>
public sealed class ProviderDependencyException(string message, string providerName, IReadOnlyList<string> others)
    : ProviderException(message, providerName)
{
    /// <summary>The providers that are missing, or in the cycle, or that depend on this one.</summary>
    public IReadOnlyList<string> Others { get; } = others;
}

/// <summary>A stage of a provider's life failed. The inner exception says why.</summary>
/// <param name="message">What failed.</param>
/// <param name="providerName">The name of the provider.</param>
/// <param name="stage">The stage that failed.</param>
/// <param name="innerException">The cause, if any.</param>
public sealed class ProviderStageException(
    string message, string providerName, ProviderStage stage, Exception? innerException = null)
    : ProviderException(message, providerName, innerException)
{
    /// <summary>The stage that failed.</summary>
    public ProviderStage Stage { get; } = stage;
}

/// <summary>The provider is registered, but does not serve: it is not enabled, has failed, or is being unregistered.</summary>
/// <param name="message">Why it does not serve.</param>
/// <param name="providerName">The name of the provider.</param>
/// <param name="state">Where it stands in its life.</param>
/// <param name="innerException">The failure that put it there, if any.</param>
public sealed class ProviderUnavailableException(
    string message, string providerName, ProviderState state, Exception? innerException = null)
    : ProviderException(message, providerName, innerException)
{
    /// <summary>Where it stood in its life.</summary>
    public ProviderState State { get; } = state;
}
