using Pepper.Resources.Pooling;

namespace Pepper.Cli.Demo;

/// <summary>The state of a run, and what happened since the sample before.</summary>
internal sealed record DemoSample
{
    /// <summary>Since the clients began.</summary>
    internal required TimeSpan Elapsed { get; init; }

    internal required PoolStatistics Pool { get; init; }

    /// <summary>How many hold the audit log.</summary>
    internal required int AuditHolders { get; init; }

    internal required double OperationsPerSecond { get; init; }

    internal required double AuditsPerSecond { get; init; }

    /// <summary>The waits for a connection since the sample before.</summary>
    internal required WaitHistogram.Snapshot Waits { get; init; }

    /// <summary>Errors and wrong answers, from the beginning.</summary>
    internal required long Errors { get; init; }

    /// <summary>The memory that the process has in use, in bytes.</summary>
    internal required long WorkingSet { get; init; }
}
