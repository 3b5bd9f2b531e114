using System.Data.Common;
using Npgsql;
using Pepper.Resources.Connections;
using Pepper.Resources.Providers;

namespace Pepper.Resources.PostgreSql;

/// <summary>
/// Where and how a <see cref="PostgreSqlStorageProvider"/> keeps its entries. The provider copies it: later changes have no
/// effect.
/// </summary>
public sealed class PostgreSqlStorageOptions : IProviderConfiguration
{
    /// <inheritdoc/>
    public bool Enabled { get; set; } = true;

    /// <summary>The database: a connection string of Npgsql, or a URL that <see cref="ConnectionUrl"/> reads.</summary>
    public string ConnectionString { get; set; } = string.Empty;

    /// <summary>
    /// The table, in the first schema of the search path; it is made when it is not there: a small letter or underscore, then up
    /// to 50 of those and digits. Default: <c>pepper_storage</c>.
    /// </summary>
    public string Table { get; set; } = "pepper_storage";

    /// <summary>The largest content that is taken, in bytes: 1 to 536,870,912 (512 MiB). Default: 64 MiB.</summary>
    public long MaxContentBytes { get; set; } = 64 * 1024 * 1024;

    /// <summary>How many connections there are at most: 1 to 1,000. Default: 10.</summary>
    public int MaxConnections { get; set; } = 10;

    /// <inheritdoc/>
    public IEnumerable<string> GetFaults()
    {
        if (ConnectionFault() is { } fault)
        {
            yield return fault;
        }

        if (Table is not { Length: >= 1 and <= 51 } || char.IsAsciiDigit(Table[0])
            || !Table.All(static one => char.IsAsciiLetterLower(one) || char.IsAsciiDigit(one) || one == '_'))
        {
            yield return $"Table is '{Table}', but must be 1 to 51 small letters, digits and underscores, no digit first.";
        }

        if (MaxContentBytes is < 1 or > 512 * 1024 * 1024)
        {
            yield return $"MaxContentBytes is {MaxContentBytes}, but must be from 1 to {512 * 1024 * 1024}.";
        }

        if (MaxConnections is < 1 or > 1000)
        {
            yield return $"MaxConnections is {MaxConnections}, but must be from 1 to 1000.";
        }
    }

    internal PostgreSqlStorageOptions Copy() => (PostgreSqlStorageOptions)MemberwiseClone();

    private string? ConnectionFault()
    {
        if (string.IsNullOrWhiteSpace(ConnectionString))
        {
            return "ConnectionString must not be empty.";
        }

        try
        {
            _ = new NpgsqlConnectionStringBuilder(ConnectionUrl.ToConnectionString(ConnectionString));
            return null;
        }
        catch (Exception failure) when (failure is ArgumentException or FormatException or DbException)
        {
            // What it says may hold a password: the kind of failure is told, and not the text.
            return $"ConnectionString cannot be read ({failure.GetType().Name}).";
        }
    }
}
