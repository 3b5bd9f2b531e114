using Microsoft.Extensions.Logging;

namespace Pepper.Resources.Monitoring;

/// <summary>What is logged of keyed pools. Event ids 1300 to 1399; an id never changes its meaning.</summary>
internal static partial class KeyedPoolLog
{
    [LoggerMessage(1300, LogLevel.Debug, "Keyed pool {Pool}: pool {KeyPool} made, {Keys} key(s)")]
    internal static partial void KeyAdded(ILogger logger, string pool, string keyPool, int keys);

    [LoggerMessage(1301, LogLevel.Debug, "Keyed pool {Pool}: pool {KeyPool} retired, {Reason}")]
    internal static partial void KeyRetired(ILogger logger, string pool, string keyPool, string reason);

    [LoggerMessage(1302, LogLevel.Warning, "Keyed pool {Pool}: making the pool of a key failed: {Error}")]
    internal static partial void KeyFailed(ILogger logger, string pool, string error, Exception exception);

    [LoggerMessage(1303, LogLevel.Warning, "Keyed pool {Pool}: {Message}")]
    internal static partial void KeyRefused(ILogger logger, string pool, string message);

    [LoggerMessage(1304, LogLevel.Information, "Keyed pool {Pool}: {Change}")]
    internal static partial void Changed(ILogger logger, string pool, string change);
}
