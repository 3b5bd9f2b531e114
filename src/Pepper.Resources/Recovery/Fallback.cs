namespace Pepper.Resources.Recovery;

/// <summary>One way to serve when the primary failed. Never changes: safe from any thread.</summary>
/// <typeparam name="TResult">What it yields.</typeparam>
public sealed class Fallback<TResult>
{
    /// <summary>Makes one.</summary>
    /// <param name="execute">What to do instead.</param>
    /// <param name="name">What it is called in messages. Default: its index.</param>
    /// <param name="timeout">
    /// How long it may take before it counts as failed: above zero, to 1 day. Default: <c>null</c>, no limit.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="timeout"/> is out of its range.</exception>
    public Fallback(Func<CancellationToken, ValueTask<TResult>> execute, string? name = null, TimeSpan? timeout = null)
    {
        ArgumentNullException.ThrowIfNull(execute);
        if (timeout is { } limit && (limit <= TimeSpan.Zero || limit > OptionFaults.LongestTime))
        {
            throw new ArgumentOutOfRangeException(
                nameof(timeout), limit, $"A fallback's timeout must be above zero, and {OptionFaults.LongestTime} at most.");
        }

        Execute = execute;
        Name = name;
        Timeout = timeout;
    }

    /// <summary>What to do instead.</summary>
    public Func<CancellationToken, ValueTask<TResult>> Execute { get; }

    /// <summary>What it is called in messages; <c>null</c>: its index.</summary>
    public string? Name { get; }

    /// <summary>How long it may take; <c>null</c> for no limit.</summary>
    public TimeSpan? Timeout { get; }
}
