using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using Pepper.Resources.Pooling;

namespace Pepper.Resources.Connections;

/// <summary>
/// Opens, checks, resets and closes the connections of one database through any ADO.NET provider. Stateless, hence safe from
/// any thread.
/// </summary>
public sealed class DbConnectionFactory : IResourceFactory<DbConnection>, ISyncResourceFactory<DbConnection>
{
    private readonly DbProviderFactory _provider;
    private readonly string _connectionString;
    private readonly DbConnectionFactoryOptions _options;

    /// <summary>Makes a factory. Nothing is opened.</summary>
    /// <param name="provider">The ADO.NET provider: <c>SqliteFactory.Instance</c>, <c>NpgsqlFactory.Instance</c>…</param>
    /// <param name="connectionString">A connection string, or a URL that <see cref="ConnectionUrl"/> reads.</param>
    /// <param name="options">How connections are opened, checked and reset; copied.</param>
    /// <exception cref="ArgumentNullException"><paramref name="provider"/> is null.</exception>
    /// <exception cref="ArgumentException">The connection string is empty, or the provider does not understand it.</exception>
    public DbConnectionFactory(DbProviderFactory provider, string connectionString, DbConnectionFactoryOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(provider);
        ArgumentException.ThrowIfNullOrWhiteSpace(connectionString);
        _provider = provider;
        _options = options?.Clone() ?? new DbConnectionFactoryOptions();
        _connectionString = Normalize(
            provider, ConnectionUrl.ToConnectionString(connectionString), _options.DisableProviderPooling);
    }

    /// <inheritdoc/>
    public FactoryHooks Hooks => FactoryHooks.Validate | (_options.ResetCommand is null ? FactoryHooks.None : FactoryHooks.Reset);

    /// <inheritdoc/>
    public async ValueTask<DbConnection> CreateAsync(CreateContext context, CancellationToken cancellationToken)
    {
        var connection = NewConnection();
        try
        {
            await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
            await ExecuteAsync(connection, _options.InitializationCommand, cancellationToken).ConfigureAwait(false);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <inheritdoc/>
    public DbConnection Create(CreateContext context, CancellationToken cancellationToken)
    {
        var connection = NewConnection();
        try
        {
            connection.Open();
            Execute(connection, _options.InitializationCommand);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask<bool> ValidateAsync(DbConnection resource, CancellationToken cancellationToken)
    {
        if (resource.State != ConnectionState.Open)
        {
            return false;
        }

        await ExecuteAsync(resource, _options.ValidationQuery, cancellationToken).ConfigureAwait(false);
        return true;
    }

    /// <inheritdoc/>
    public bool Validate(DbConnection resource)
    {
        if (resource.State != ConnectionState.Open)
        {
            return false;
        }

        Execute(resource, _options.ValidationQuery);
        return true;
    }

    /// <inheritdoc/>
    public async ValueTask<bool> ResetAsync(DbConnection resource, CancellationToken cancellationToken)
    {
        if (resource.State != ConnectionState.Open)
        {
            return false;
        }

        await ExecuteAsync(resource, _options.ResetCommand, cancellationToken).ConfigureAwait(false);
        return true;
    }

    private static string Normalize(DbProviderFactory provider, string connectionString, bool isPoolingDisabled)
    {
        if (!isPoolingDisabled || provider.CreateConnectionStringBuilder() is not { } builder)
        {
            return connectionString;
        }

        try
        {
            builder.ConnectionString = connectionString;
            if (builder.ContainsKey("Pooling"))
            {
                builder["Pooling"] = false;
            }

            return builder.ConnectionString;
        }
        catch (Exception failure) when (failure is ArgumentException or FormatException or KeyNotFoundException)
        {
            // The text itself may hold a password, and the provider's own message need not; it is passed on as the cause.
            throw new ArgumentException(
                $"The connection string is not understood by {provider.GetType().Name}: {failure.Message}",
                nameof(connectionString), failure);
        }
    }

    [SuppressMessage("Security", "CA2100", Justification = "The text is the application's own configuration.")]
    private static DbCommand NewCommand(DbConnection connection, string text)
    {
        var command = connection.CreateCommand();
        command.CommandText = text;
        return command;
    }

    private static async ValueTask ExecuteAsync(DbConnection connection, string? text, CancellationToken cancellationToken)
    {
        if (text is not null)
        {
            var command = NewCommand(connection, text);
            await using (command.ConfigureAwait(false))
            {
                await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private static void Execute(DbConnection connection, string? text)
    {
        if (text is not null)
        {
            using var command = NewCommand(connection, text);
            command.ExecuteNonQuery();
        }
    }

    private DbConnection NewConnection()
    {
        var connection = _provider.CreateConnection()
            ?? throw new InvalidOperationException($"The provider {_provider.GetType()} makes no connections.");
        try
        {
            connection.ConnectionString = _connectionString;
            _options.Configure?.Invoke(connection);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }
}
