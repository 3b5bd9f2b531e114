namespace Pepper.Resources.Polly;

/// <summary>
/// Stands for a result that <c>ShouldHandle</c> took for a failure, where an exception is asked for: in the delegates of
/// <see cref="Recovery.RetryOptions"/> (<c>RetryAfter</c> can read a header of the response here), as the cause that opened a
/// circuit, and among the failures of <see cref="Recovery.AllFallbacksFailedException"/>.
/// </summary>
public sealed class HandledResultException : ResourceException
{
    internal HandledResultException(string name, object? result, Type type)
        : base($"'{name}': a result of {type} counts as a failure (ShouldHandle).", name) => Result = result;

    /// <summary>
    /// The result, which is disposed before the next attempt if it can be; <c>null</c> as the cause of an open circuit, which
    /// keeps no results.
    /// </summary>
    public object? Result { get; }
}
