using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Pepper.Resources.Tests.Monitoring;

/// <summary>Keeps what is logged with its fields, as a structured log would; throws after that when told to.</summary>
internal sealed class LogRecorder<T> : ILogger<T>
{
    private readonly ConcurrentQueue<Entry> _entries = new();

    public bool Throws { get; init; }

    public IReadOnlyList<Entry> Entries => [.. _entries];

    public bool Has(int id, string text) =>
        _entries.Any(entry => entry.Id == id && entry.Message.Contains(text, StringComparison.Ordinal));

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        var fields = (state as IEnumerable<KeyValuePair<string, object?>> ?? [])
            .Where(field => field.Key != "{OriginalFormat}")
            .ToDictionary(field => field.Key, field => field.Value?.ToString(), StringComparer.Ordinal);
        _entries.Enqueue(new Entry(eventId.Id, logLevel, formatter(state, exception), fields, exception));
        if (Throws)
        {
            throw new InvalidOperationException("The logger is broken.");
        }
    }

    public sealed record Entry(
        int Id, LogLevel Level, string Message, IReadOnlyDictionary<string, string?> Fields, Exception? Exception);
}
