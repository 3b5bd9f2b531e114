namespace Pepper.Cli;

/// <summary>A fault in what the user asked for; its message is the one line that the user sees.</summary>
internal sealed class UsageException(string message, Exception? cause = null) : Exception(message, cause);
