using System.Globalization;
using Npgsql;

namespace Pepper.Resources.PostgreSql;

/// <summary>The tables of a memory, and the names by which statements reach them.</summary>
internal sealed class PostgreSqlMemorySchema
{
    private const int Version = 1;

    private PostgreSqlMemorySchema(string name, string? vectorSchema)
    {
        Entries = $"\"{name}\".entries";
        Vectors = $"\"{name}\".vectors";
        Settings = $"\"{name}\".settings";
        VectorSchema = vectorSchema;
    }

    internal string Entries { get; }

    internal string Vectors { get; }

    internal string Settings { get; }

    /// <summary>Where pgvector's type and operators are; null: the memory keeps its vectors as bytes.</summary>
    internal string? VectorSchema { get; }

    /// <summary>Makes what is not there, one process after another, and tells how the memory keeps its vectors.</summary>
    internal static async Task<PostgreSqlMemorySchema> OpenAsync(
        NpgsqlDataSource source, PostgreSqlMemoryOptions options, CancellationToken cancellationToken)
    {
        var connection = await source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            var transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
            await using (transaction.ConfigureAwait(false))
            {
                // IF NOT EXISTS alone would let two that come at once fail.
                await connection.RunAsync(
                    "SELECT pg_advisory_xact_lock(hashtextextended('pepper memory ' || $1, 0))", cancellationToken,
                    options.Schema)
                    .ConfigureAwait(false);
                if (await connection.ScalarAsync("SELECT to_regclass($1)::text", cancellationToken,
                    $"\"{options.Schema}\".settings")
                    .ConfigureAwait(false) is null)
                {
                    await CreateAsync(connection, options, cancellationToken).ConfigureAwait(false);
                }

                var schema = await ReadAsync(connection, options.Schema, cancellationToken).ConfigureAwait(false);
                await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
                return schema;
            }
        }
    }

    private static async Task CreateAsync(
        NpgsqlConnection connection, PostgreSqlMemoryOptions options, CancellationToken cancellationToken)
    {
        var vectorSchema = options.UseVectorExtension
            ? await FindExtensionAsync(connection, cancellationToken).ConfigureAwait(false)
            : null;
        var type = vectorSchema is null ? "bytea" : $"{vectorSchema}.vector";
        await connection.RunAsync(TablesOf(new PostgreSqlMemorySchema(options.Schema, vectorSchema), options.Schema, type),
            cancellationToken).ConfigureAwait(false);
        await connection.RunAsync(
            $"INSERT INTO \"{options.Schema}\".settings (name, value) VALUES ('version', {Version}), ('pgvector', $1)",
            cancellationToken, vectorSchema is null ? 0L : 1L).ConfigureAwait(false);
    }

    // Columns of the collation "C" compare byte by byte in UTF-8, which is by code points; so a prefix is a range.
    private static string TablesOf(PostgreSqlMemorySchema schema, string name, string vectorType) => $"""
        CREATE SCHEMA IF NOT EXISTS "{name}";
        CREATE TABLE {schema.Settings} (name text PRIMARY KEY, value bigint NOT NULL);
        CREATE TABLE {schema.Entries} (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, ns text COLLATE "C" NOT NULL, key text COLLATE "C" NOT NULL,
            body text NOT NULL, metadata jsonb NOT NULL, etag text NOT NULL, created bigint NOT NULL, updated bigint NOT NULL,
            lifetime bigint, expires bigint NOT NULL, words tsvector, terms text[] COLLATE "C", counts integer[],
            length integer, UNIQUE (ns, key));
        CREATE INDEX ON {schema.Entries} (expires) WHERE expires < 9223372036854775807;
        CREATE INDEX ON {schema.Entries} USING gin (words);
        CREATE TABLE {schema.Vectors} (
            entry bigint PRIMARY KEY REFERENCES {schema.Entries} (id) ON DELETE CASCADE, ns text COLLATE "C" NOT NULL,
            expires bigint NOT NULL, vector {vectorType} NOT NULL);
        """;

    private static async Task<PostgreSqlMemorySchema> ReadAsync(
        NpgsqlConnection connection, string name, CancellationToken cancellationToken)
    {
        var version = await connection.ScalarAsync(
            $"SELECT value FROM \"{name}\".settings WHERE name = 'version'", cancellationToken).ConfigureAwait(false);
        if (Convert.ToInt64(version, CultureInfo.InvariantCulture) != Version)
        {
            throw new ResourceException(
                $"The memory in the schema '{name}' has tables of version {version}; this library knows version {Version}.", name,
                ResourceType.Memory);
        }

        var kept = await connection.ScalarAsync(
            $"SELECT value FROM \"{name}\".settings WHERE name = 'pgvector'", cancellationToken).ConfigureAwait(false);
        var vectorSchema = kept is 1L ? await ExtensionSchemaAsync(connection, cancellationToken).ConfigureAwait(false) : null;
        return new PostgreSqlMemorySchema(name, vectorSchema);
    }

    private static async Task<string?> FindExtensionAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        if (await ExtensionSchemaAsync(connection, cancellationToken).ConfigureAwait(false) is { } there)
        {
            return there;
        }

        if (await connection.ScalarAsync("SELECT 1 FROM pg_available_extensions WHERE name = 'vector'", cancellationToken)
            .ConfigureAwait(false) is null)
        {
            return null;
        }

        await connection.RunAsync("SAVEPOINT extension", cancellationToken).ConfigureAwait(false);
        try
        {
            await connection.RunAsync("CREATE EXTENSION IF NOT EXISTS vector", cancellationToken).ConfigureAwait(false);
        }
        catch (PostgresException failure) when (failure.SqlState is PostgresErrorCodes.InsufficientPrivilege)
        {
            // Whoever runs this may not create it: then the memory does without.
            await connection.RunAsync("ROLLBACK TO SAVEPOINT extension", cancellationToken).ConfigureAwait(false);
            return null;
        }

        return await ExtensionSchemaAsync(connection, cancellationToken).ConfigureAwait(false);
    }

    private static async Task<string?> ExtensionSchemaAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        (string?)await connection.ScalarAsync(
            "SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace "
            + "WHERE e.extname = 'vector'", cancellationToken).ConfigureAwait(false);
}
