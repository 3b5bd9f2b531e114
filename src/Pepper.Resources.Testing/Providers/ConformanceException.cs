namespace Pepper.Resources.Testing;

/// <summary>A provider does not do what its contract says.</summary>
/// <param name="message">What was expected, and what happened.</param>
/// <param name="innerException">What was thrown instead, if anything.</param>
public sealed class ConformanceException(string message, Exception? innerException = null) : Exception(message, innerException);
