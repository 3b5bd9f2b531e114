using System.Data;
using System.Data.Common;
using Microsoft.Data.Sqlite;
using Pepper.Resources.Connections;
using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Connections;

public sealed class DbConnectionFactoryTests : SqliteTest
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Create_OpensAndRunsTheInitializationCommand(bool isSync)
    {
        var factory = New(new DbConnectionFactoryOptions { InitializationCommand = "PRAGMA user_version = 7" });

        await using var connection = isSync
            ? factory.Create(default!, default)
            : await factory.CreateAsync(default!, default);

        Assert.Equal(ConnectionState.Open, connection.State);
        Assert.Equal(7L, await ScalarAsync(connection, "PRAGMA user_version"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Create_InitializationCommandFails_LeavesNothingOpen(bool isSync)
    {
        var factory = New(new DbConnectionFactoryOptions { InitializationCommand = "no such command" });

        await Assert.ThrowsAsync<SqliteException>(async () =>
            _ = isSync ? factory.Create(default!, default) : await factory.CreateAsync(default!, default));

        Assert.Equal(0, Handles());
    }

    [Fact]
    public async Task Create_ConfigureThrows_DisposesTheConnection()
    {
        var isDisposed = false;
        var factory = New(new DbConnectionFactoryOptions
        {
            Configure = connection =>
            {
                connection.Disposed += (_, _) => isDisposed = true;
                throw new InvalidOperationException("no");
            },
        });

        await Assert.ThrowsAsync<InvalidOperationException>(async () => await factory.CreateAsync(default!, default));

        Assert.True(isDisposed);
    }

    [Fact]
    public async Task Validate_OpenConnection_RunsTheQuery_ClosedOneIsUnfit()
    {
        var fit = New(new DbConnectionFactoryOptions { ValidationQuery = "SELECT 1" });
        var unfit = New(new DbConnectionFactoryOptions { ValidationQuery = "SELECT * FROM nowhere" });
        await using var connection = await fit.CreateAsync(default!, default);

        Assert.True(await fit.ValidateAsync(connection, default));
        Assert.True(fit.Validate(connection));
        await Assert.ThrowsAsync<SqliteException>(async () => await unfit.ValidateAsync(connection, default));
        Assert.Throws<SqliteException>(() => unfit.Validate(connection));
        await connection.CloseAsync();
        Assert.False(await fit.ValidateAsync(connection, default));
        Assert.False(fit.Validate(connection));
        Assert.False(await fit.ResetAsync(connection, default));
    }

    [Fact]
    public void Hooks_AreThoseThatDoSomething()
    {
        Assert.Equal(FactoryHooks.Validate, New().Hooks);
        Assert.Equal(FactoryHooks.All, New(new DbConnectionFactoryOptions { ResetCommand = "SELECT 1" }).Hooks);
    }

    [Fact]
    public async Task Create_ProvidersOwnPool_IsOffUnlessWanted()
    {
        var provider = new ListingProvider();
        var off = await new DbConnectionFactory(provider, "Server=x").CreateAsync(default!, default);
        var on = await new DbConnectionFactory(
            provider, "Server=x;Pooling=true", new DbConnectionFactoryOptions { DisableProviderPooling = false })
                .CreateAsync(default!, default);

        Assert.Contains("pooling=false", off.ConnectionString, StringComparison.OrdinalIgnoreCase);
        Assert.Equal("Server=x;Pooling=true", on.ConnectionString);
    }

    [Fact]
    public void New_ConnectionStringThatTheProviderDoesNotKnow_NamesTheProvider()
    {
        var thrown = Assert.Throws<ArgumentException>(() => new DbConnectionFactory(SqliteFactory.Instance, "Nonsense=1"));

        Assert.Contains("SqliteFactory", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("nonsense", thrown.Message, StringComparison.OrdinalIgnoreCase);
        Assert.Throws<ArgumentNullException>(() => new DbConnectionFactory(null!, "Data Source=x"));
        Assert.Throws<ArgumentException>(() => new DbConnectionFactory(SqliteFactory.Instance, " "));
    }

    [Fact]
    public async Task New_OptionsChangedLater_HaveNoEffect()
    {
        var options = new DbConnectionFactoryOptions();
        var factory = New(options);
        options.InitializationCommand = "no such command";

        await using var connection = await factory.CreateAsync(default!, default);

        Assert.Equal(ConnectionState.Open, connection.State);
    }

    private DbConnectionFactory New(DbConnectionFactoryOptions? options = null) =>
        new(SqliteFactory.Instance, ConnectionString, options);

    /// <summary>A provider that knows the word Pooling; SQLite's, in the version that is used here, does not.</summary>
    private sealed class ListingProvider : DbProviderFactory
    {
        public override DbConnection CreateConnection() => new FakeConnection();

        public override DbConnectionStringBuilder CreateConnectionStringBuilder() =>
            new DbConnectionStringBuilder { ["Server"] = "", ["Pooling"] = "" } is var known ? new Builder(known) : null!;

        private sealed class Builder(DbConnectionStringBuilder known) : DbConnectionStringBuilder
        {
            public override bool ContainsKey(string keyword) => known.ContainsKey(keyword);
        }
    }

    private sealed class FakeConnection : DbConnection
    {
        [System.Diagnostics.CodeAnalysis.AllowNull]
        public override string ConnectionString { get; set; } = "";

        public override string Database => "";

        public override string DataSource => "";

        public override string ServerVersion => "";

        public override ConnectionState State => ConnectionState.Open;

        public override void ChangeDatabase(string databaseName) => throw new NotSupportedException();

        public override void Close() => throw new NotSupportedException();

        public override void Open() => ConnectionString = ConnectionString.Trim();

        protected override DbTransaction BeginDbTransaction(IsolationLevel isolationLevel) => throw new NotSupportedException();

        protected override DbCommand CreateDbCommand() => throw new NotSupportedException();
    }
}
