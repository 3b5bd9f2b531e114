using System.Data.Common;

namespace Pepper.Benchmarks;

/// <summary>A way of sharing a few connections among many clients.</summary>
internal abstract class OutagePeer : IAsyncDisposable
{
    internal abstract string Name { get; }

    internal virtual TimeSpan AcquireTimeout => OutageLimits.AcquireTimeout;

    /// <summary>How many connections are lent; null when it does not say.</summary>
    internal abstract int? InUse { get; }

    /// <summary>
    /// Lends a connection to the work, as users of this peer are told to. It notes when it begins to ask for a connection and
    /// when it has one, each time.
    /// </summary>
    internal abstract Task UseAsync(OutageUse use, Func<DbConnection, Task> workAsync);

    public abstract ValueTask DisposeAsync();
}
