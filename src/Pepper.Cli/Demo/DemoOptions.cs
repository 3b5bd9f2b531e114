namespace Pepper.Cli.Demo;

/// <summary>What <c>pepper demo</c> was asked for.</summary>
internal sealed record DemoOptions
{
    /// <summary>The most connections that the pool holds, whatever the number of clients: what the demo is about.</summary>
    internal const int MaxConnections = 8;

    /// <summary>How long the clients work, the set-up not counted.</summary>
    internal TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How many clients work at the same time.</summary>
    internal int Clients { get; init; } = 32;

    /// <summary>Where the metrics, the health and the snapshot are served.</summary>
    internal string Urls { get; init; } = "http://127.0.0.1:5080";

    /// <summary>What the data and each client's choices follow from.</summary>
    internal int Seed { get; init; } = 1;

    /// <summary>How many orders the database begins with.</summary>
    internal int Orders { get; init; } = 100_000;
}
