using System.Text.RegularExpressions;
using Npgsql;
using Pepper.Resources.Providers;

namespace Pepper.Resources.PostgreSql;

/// <summary>Where and how a memory is kept in a PostgreSQL database. Copied by whoever takes it; not thread safe while it is
/// being set up.</summary>
public sealed partial class PostgreSqlMemoryOptions : IProviderConfiguration
{
    /// <summary>Whether the provider is to be started. Default true.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>How to reach the database, as Npgsql has it. It may hold a password: nothing here repeats it.</summary>
    public string ConnectionString { get; set; } = string.Empty;

    /// <summary>
    /// The schema of the memory's tables; it is made when it is not there. Each memory has one of its own. Default
    /// <c>pepper_memory</c>; small letters, digits and underscores, not beginning with a digit, at most 63.
    /// </summary>
    public string Schema { get; set; } = "pepper_memory";

    /// <summary>
    /// Whether a memory that is made anew keeps its vectors in the type of the extension <c>vector</c> (pgvector), if the
    /// database
    /// has the extension or may create it. Then the server compares them; otherwise they are sent here and compared here. A
    /// memory that is there stays as it was made. Default true.
    /// </summary>
    public bool UseVectorExtension { get; set; } = true;

    /// <summary>What all memory stores share. Default: their defaults.</summary>
    public MemoryStoreOptions Store { get; set; } = new();

    /// <inheritdoc/>
    public IEnumerable<string> GetFaults()
    {
        List<string> faults = [];
        if (string.IsNullOrWhiteSpace(ConnectionString))
        {
            faults.Add("ConnectionString is empty; it must say how to reach the database.");
        }
        else if (!IsConnectionString(ConnectionString))
        {
            faults.Add("ConnectionString is none that Npgsql understands.");
        }

        if (Schema is null || !SchemaName().IsMatch(Schema) || Schema.StartsWith("pg_", StringComparison.Ordinal))
        {
            faults.Add($"Schema is '{Schema}'; it must be of small letters, digits and underscores, at most 63, "
                + "and begin with neither a digit nor pg_.");
        }

        if (Store is null)
        {
            faults.Add("Store is null.");
        }
        else
        {
            faults.AddRange(Store.GetFaults());
        }

        return faults;
    }

    internal PostgreSqlMemoryOptions Copy()
    {
        var copy = (PostgreSqlMemoryOptions)MemberwiseClone();
        copy.Store = Store?.Copy()!;
        return copy;
    }

    internal PostgreSqlMemoryOptions Freeze()
    {
        var copy = Copy();
        var faults = copy.GetFaults().ToList();
        return faults.Count == 0
            ? copy
            : throw new ArgumentException($"{nameof(PostgreSqlMemoryOptions)}: {string.Join(' ', faults)}");
    }

    private static bool IsConnectionString(string text)
    {
        try
        {
            _ = new NpgsqlConnectionStringBuilder(text);
            return true;
        }
        catch (Exception failure) when (failure is ArgumentException or FormatException or KeyNotFoundException)
        {
            return false;
        }
    }

    [GeneratedRegex(@"\A[a-z_][a-z0-9_]{0,62}\z", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex SchemaName();
}
