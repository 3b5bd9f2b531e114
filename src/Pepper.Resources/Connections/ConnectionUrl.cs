using System.Data.Common;

namespace Pepper.Resources.Connections;

/// <summary>Reads database URLs as connection strings.</summary>
public static class ConnectionUrl
{
    /// <summary>
    /// Turns <c>postgresql://user:password@host:port/database?option=value</c> (also <c>postgres://</c>) and
    /// <c>sqlite:///path</c> into a connection string. Options become keywords with underscores as spaces. What is not such a
    /// URL is returned as it is.
    /// </summary>
    /// <param name="text">A URL or a connection string.</param>
    /// <returns>A connection string.</returns>
    /// <exception cref="ArgumentException">
    /// The text is such a URL, but has no host, no path, a port that is none, or an option without a name.
    /// </exception>
    public static string ToConnectionString(string text)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(text);
        if (HasScheme(text, "postgresql") || HasScheme(text, "postgres"))
        {
            return FromPostgres(text);
        }

        return HasScheme(text, "sqlite") ? FromSqlite(text) : text;
    }

    private static bool HasScheme(string text, string scheme) =>
        text.StartsWith(scheme + "://", StringComparison.OrdinalIgnoreCase);

    private static string FromPostgres(string text)
    {
        // The text may hold a password, so no message repeats it.
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Host.Length == 0)
        {
            throw new ArgumentException(
                "The postgresql:// URL has no host, or a port that is none; "
                + "wanted: postgresql://user:password@host:port/database.",
                nameof(text));
        }

        var builder = new DbConnectionStringBuilder { ["Host"] = url.Host };
        if (url.Port > 0)
        {
            builder["Port"] = url.Port;
        }

        if (url.UserInfo.Length > 0)
        {
            var parts = url.UserInfo.Split(':', 2);
            builder["Username"] = Uri.UnescapeDataString(parts[0]);
            if (parts.Length == 2)
            {
                builder["Password"] = Uri.UnescapeDataString(parts[1]);
            }
        }

        if (url.AbsolutePath.Length > 1)
        {
            builder["Database"] = Uri.UnescapeDataString(url.AbsolutePath[1..]);
        }

        AddOptions(builder, url.Query);
        return builder.ConnectionString;
    }

    private static string FromSqlite(string text)
    {
        var rest = text["sqlite://".Length..];
        var question = rest.IndexOf('?', StringComparison.Ordinal);
        var path = question < 0 ? rest : rest[..question];

        // As elsewhere: three slashes begin a relative path, four an absolute one.
        if (path.Length < 2 || path[0] != '/')
        {
            throw new ArgumentException(
                "The sqlite:// URL has no path; wanted: sqlite:///relative/path or sqlite:////absolute/path.", nameof(text));
        }

        var builder = new DbConnectionStringBuilder { ["Data Source"] = Uri.UnescapeDataString(path[1..]) };
        AddOptions(builder, question < 0 ? string.Empty : rest[question..]);
        return builder.ConnectionString;
    }

    private static void AddOptions(DbConnectionStringBuilder builder, string query)
    {
        foreach (var option in query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = option.Split('=', 2);
            if (parts[0].Length == 0)
            {
                throw new ArgumentException(
                    "The URL has an option without a name; wanted: ?option=value&option=value.", nameof(query));
            }

            var keyword = Uri.UnescapeDataString(parts[0]).Replace('_', ' ');
            builder[keyword] = parts.Length == 2 ? Uri.UnescapeDataString(parts[1]) : "true";
        }
    }
}
