using Pepper.Resources.Providers;

namespace Pepper.Resources.Sqlite;

/// <summary>
/// Where and how a <see cref="SqliteStorageProvider"/> keeps its entries. The provider copies it: later changes have no effect.
/// </summary>
public sealed class SqliteStorageOptions : IProviderConfiguration
{
    /// <inheritdoc/>
    public bool Enabled { get; set; } = true;

    /// <summary>The database's file; it and its folder are made when they are not there.</summary>
    public string Path { get; set; } = string.Empty;

    /// <summary>The largest content that is taken, in bytes: 1 to 536,870,912 (512 MiB). Default: 64 MiB.</summary>
    public long MaxContentBytes { get; set; } = 64 * 1024 * 1024;

    /// <summary>How many connections there are at most: 2 to 64, one of them for writing. Default: 4.</summary>
    public int MaxConnections { get; set; } = 4;

    /// <inheritdoc/>
    public IEnumerable<string> GetFaults()
    {
        if (string.IsNullOrWhiteSpace(Path) || Path.Contains('\0', StringComparison.Ordinal))
        {
            yield return "Path must not be empty, nor contain U+0000.";
        }
        else if (Path.StartsWith(':') || Path.StartsWith("file:", StringComparison.OrdinalIgnoreCase))
        {
            yield return $"Path is '{Path}', but must name a file: a database in memory ends with its connection.";
        }

        if (MaxContentBytes is < 1 or > 512 * 1024 * 1024)
        {
            yield return $"MaxContentBytes is {MaxContentBytes}, but must be from 1 to {512 * 1024 * 1024}.";
        }

        if (MaxConnections is < 2 or > 64)
        {
            yield return $"MaxConnections is {MaxConnections}, but must be from 2 to 64.";
        }
    }

    internal SqliteStorageOptions Copy() => (SqliteStorageOptions)MemberwiseClone();
}
