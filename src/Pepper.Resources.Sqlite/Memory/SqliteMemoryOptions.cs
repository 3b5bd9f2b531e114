using Pepper.Resources.Providers;

namespace Pepper.Resources.Sqlite;

/// <summary>Where and how a memory is kept in a SQLite database. Copied by whoever takes it; not thread safe while it is being
/// set up.</summary>
public sealed class SqliteMemoryOptions : IProviderConfiguration
{
    /// <summary>Whether the provider is to be started. Default true.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>
    /// The database's file; it is made when it is not there. Its tables are named <c>pepper_memory_…</c>,
    /// so others may be in it.
    /// </summary>
    public string Path { get; set; } = string.Empty;

    /// <summary>
    /// Whether a write ends only when it is on the disk and so survives a power cut. Default true. Without it, the last writes
    /// before a power cut may be lost, never a part of one.
    /// </summary>
    public bool FlushToDisk { get; set; } = true;

    /// <summary>How many connections there are at most: one writes at a time, the others read. Default 4; 2 to 100.</summary>
    public int MaxConnections { get; set; } = 4;

    /// <summary>How long a write waits for another process's. Default 30 s; 1 s to 1 h, in whole seconds.</summary>
    public TimeSpan BusyTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>What all memory stores share. Default: their defaults.</summary>
    public MemoryStoreOptions Store { get; set; } = new();

    /// <inheritdoc/>
    public IEnumerable<string> GetFaults()
    {
        List<string> faults = [];
        if (string.IsNullOrWhiteSpace(Path) || Path.Contains('\0', StringComparison.Ordinal) || Path.StartsWith(':')
            || Path.StartsWith("file:", StringComparison.OrdinalIgnoreCase))
        {
            faults.Add($"Path is '{Path}'; it must name a file, which all connections can open.");
        }

        if (MaxConnections is < 2 or > 100)
        {
            faults.Add($"MaxConnections is {MaxConnections}; it must be from 2 to 100.");
        }

        if (BusyTimeout < TimeSpan.FromSeconds(1) || BusyTimeout > TimeSpan.FromHours(1))
        {
            faults.Add($"BusyTimeout is {BusyTimeout}; it must be from 1 s to 1 h.");
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

    internal SqliteMemoryOptions Copy()
    {
        var copy = (SqliteMemoryOptions)MemberwiseClone();
        copy.Store = Store?.Copy()!;
        return copy;
    }

    internal SqliteMemoryOptions Freeze()
    {
        var copy = Copy();
        var faults = copy.GetFaults().ToList();
        return faults.Count == 0
            ? copy
            : throw new ArgumentException($"{nameof(SqliteMemoryOptions)}: {string.Join(' ', faults)}");
    }
}
