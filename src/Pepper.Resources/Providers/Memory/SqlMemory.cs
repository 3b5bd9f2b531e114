using System.Data.Common;

namespace Pepper.Resources.Providers;

/// <summary>What memories in databases have in common, for those who write one. Pure and thread safe.</summary>
/// <remarks>Times are ticks of UTC; what never expires does so at the greatest number, so that one comparison finds what
/// lives.</remarks>
public static class SqlMemory
{
    /// <summary>The expiry of what never expires.</summary>
    public const long Never = long.MaxValue;

    /// <summary>The columns of an entry, in the order that <see cref="ReadEntry"/> expects, but for the metadata.</summary>
    /// <param name="metadata">The expression for the metadata as JSON text.</param>
    /// <returns>A list for a SELECT.</returns>
    public static string ColumnsOf(string metadata) => $"ns, key, body, {metadata}, etag, created, updated, expires";

    /// <summary>Reads an entry from a row that begins with <see cref="ColumnsOf"/>.</summary>
    /// <param name="row">The row.</param>
    /// <returns>The entry.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="row"/> is null.</exception>
    public static MemoryEntry ReadEntry(DbDataReader row)
    {
        ArgumentNullException.ThrowIfNull(row);
        return new MemoryEntry
        {
            Namespace = MemoryNamespace.Parse(row.GetString(0)),
            Key = row.GetString(1),
            Text = row.GetString(2),
            Metadata = MemoryMetadata.FromJson(row.GetString(3)),
            ETag = row.GetString(4),
            CreatedAt = TimeOf(row.GetInt64(5)),
            UpdatedAt = TimeOf(row.GetInt64(6)),
            ExpiresAt = row.GetInt64(7) is var expires and not Never ? TimeOf(expires) : null,
        };
    }

    /// <summary>The time of a column.</summary>
    /// <param name="ticks">Its value.</param>
    /// <returns>The time.</returns>
    public static DateTimeOffset TimeOf(long ticks) => new(ticks, TimeSpan.Zero);

    /// <summary>A comparison's operator, and whether its result is to be turned round.</summary>
    /// <param name="comparison">The comparison.</param>
    /// <returns>
    /// What stands before the whole condition, and the operator: a missing field is different from every value, so "not equal" is
    /// what does not fulfil "equal".
    /// </returns>
    public static (string Not, string Operator) OperatorOf(MemoryComparison comparison) => comparison switch
    {
        MemoryComparison.Equal => ("", "="),
        MemoryComparison.NotEqual => ("NOT ", "="),
        MemoryComparison.Greater => ("", ">"),
        MemoryComparison.GreaterOrEqual => ("", ">="),
        MemoryComparison.Less => ("", "<"),
        _ => ("", "<="),
    };

    /// <summary>Whether operations change anything, also by prolonging a time to live.</summary>
    /// <param name="operations">The operations.</param>
    /// <returns>Whether one of them does.</returns>
    public static bool IsWriting(IEnumerable<MemoryOperation> operations) =>
        operations.Any(static one => one is MemoryPut or MemoryDelete or MemoryGet { RefreshTimeToLive: true });
}
