using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Pepper.Resources.Tests.Cleanup;

/// <summary>Keeps what is logged; throws after that when told to.</summary>
internal sealed class RecordingLogger<T> : ILogger<T>
{
    public ConcurrentQueue<(int Id, LogLevel Level, string Message, Exception? Exception)> Entries { get; } = new();

    public bool Throws { get; init; }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        Entries.Enqueue((eventId.Id, logLevel, formatter(state, exception), exception));
        if (Throws)
        {
            throw new InvalidOperationException("The logger is broken.");
        }
    }
}
