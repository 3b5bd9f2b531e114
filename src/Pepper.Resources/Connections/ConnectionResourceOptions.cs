using Pepper.Resources.Pooling;

namespace Pepper.Resources.Connections;

/// <summary>How a <see cref="ConnectionResource"/> is set up. It copies what it is given: later changes have no effect.</summary>
public sealed class ConnectionResourceOptions
{
    /// <summary>The resource's id. Default: <c>null</c>, a random one.</summary>
    public string? Id { get; set; }

    /// <summary>Who answers for it. Default: <c>system</c>.</summary>
    public string Owner { get; set; } = "system";

    /// <summary>How long it lives after its last use as a registered resource. Default: <c>null</c>, for ever.</summary>
    public TimeSpan? TimeToLive { get; set; }

    /// <summary>Free labels. Default: none.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; set; } = new Dictionary<string, string>();

    /// <summary>How many connections there are at most: 1 to 65,536. Default: 10.</summary>
    public int PoolSize { get; set; } = 10;

    /// <summary>
    /// The pool's other options. Its name defaults to the resource's id; its maximum size is <see cref="PoolSize"/>, and its
    /// minimum is cut to that. Default: <c>null</c>, the defaults.
    /// </summary>
    public ResourcePoolOptions? Pool { get; set; }

    /// <summary>How connections are opened, checked and reset. Default: <c>null</c>, the defaults.</summary>
    public DbConnectionFactoryOptions? Connection { get; set; }
}
