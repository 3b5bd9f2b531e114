namespace Pepper.Tests;

/// <summary>What a <see cref="FaultProxy"/> does with its connections.</summary>
internal enum FaultProxyMode
{
    /// <summary>Passes everything on at once.</summary>
    Forward,

    /// <summary>Passes everything on, each chunk some time later.</summary>
    Delay,

    /// <summary>Passes on what is connected; new connections are accepted and reach the target when the mode ends.</summary>
    Hold,

    /// <summary>Resets all connections, and each new one as soon as it is accepted.</summary>
    Reset,

    /// <summary>
    /// Swallows everything; new connections are accepted and never answered. A connection that lost something is reset when the
    /// mode ends: no stream loses bytes and goes on.
    /// </summary>
    Blackhole,
}
