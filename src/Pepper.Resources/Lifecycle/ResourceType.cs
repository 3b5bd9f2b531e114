namespace Pepper.Resources;

/// <summary>What sort of thing a resource is. It becomes the <c>type</c> label of every metric, in lower case.</summary>
public enum ResourceType
{
    /// <summary>A connection to a server or a database.</summary>
    Connection,

    /// <summary>A file.</summary>
    File,

    /// <summary>A network socket.</summary>
    Socket,

    /// <summary>A child process.</summary>
    Process,

    /// <summary>A large buffer.</summary>
    Memory,

    /// <summary>Anything else.</summary>
    Custom,
}
