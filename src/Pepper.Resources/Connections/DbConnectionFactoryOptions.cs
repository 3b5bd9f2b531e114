using System.Data.Common;

namespace Pepper.Resources.Connections;

/// <summary>
/// How a <see cref="DbConnectionFactory"/> treats its connections. The factory copies it: later changes have no effect.
/// </summary>
public sealed class DbConnectionFactoryOptions
{
    /// <summary>
    /// Run on each new connection right after it was opened: pragmas, session settings. What it throws fails the creation.
    /// Default: <c>null</c>, nothing.
    /// </summary>
    public string? InitializationCommand { get; set; }

    /// <summary>
    /// A statement that fails on a connection that no longer works, as <c>SELECT 1</c>; it costs a round trip. Default:
    /// <c>null</c>: a connection is fit as long as it says that it is open.
    /// </summary>
    public string? ValidationQuery { get; set; }

    /// <summary>
    /// Run on each connection that was given back, as <c>DISCARD ALL</c> for PostgreSQL; a failure destroys the connection.
    /// Default: <c>null</c>, nothing: whoever leaves a transaction open leaves it to the next holder.
    /// </summary>
    public string? ResetCommand { get; set; }

    /// <summary>
    /// Whether a pool that the provider itself has is switched off for these connections (<c>Pooling=false</c>, where the
    /// provider knows the word), so that what Pepper closes is closed. Default: true.
    /// </summary>
    public bool DisableProviderPooling { get; set; } = true;

    /// <summary>
    /// Called with each new connection before it is opened, for what no connection string can say. Default: <c>null</c>.
    /// </summary>
    public Action<DbConnection>? Configure { get; set; }

    internal DbConnectionFactoryOptions Clone() => (DbConnectionFactoryOptions)MemberwiseClone();
}
