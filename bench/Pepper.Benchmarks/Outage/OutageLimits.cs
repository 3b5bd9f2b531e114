namespace Pepper.Benchmarks;

/// <summary>What all contenders and clients have in common.</summary>
internal static class OutageLimits
{
    internal const int Clients = 32;
    internal const int Places = 16;
    internal const int CommandSeconds = 2;
    internal const int AcquireSeconds = 30;
    internal const int OpenSeconds = 5;

    internal static TimeSpan AcquireTimeout { get; } = TimeSpan.FromSeconds(AcquireSeconds);

    internal static TimeSpan OpenTimeout { get; } = TimeSpan.FromSeconds(OpenSeconds);

    /// <summary>How long a client rests after it was told a failure.</summary>
    internal static TimeSpan Pause { get; } = TimeSpan.FromMilliseconds(10);

    /// <summary>By which throughput is counted.</summary>
    internal static TimeSpan Bucket { get; } = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// The same for all but for <c>Timeout</c>. Without encryption, whose negotiation costs another round trip and now and then
    /// another connect. When a command's time is up, the driver asks the server to cancel it, over another connection, and gives
    /// it up when that is sent, or was tried for as long as <c>Timeout</c>; by default it would wait longer for an answer.
    /// </summary>
    internal static string ConnectionString(int port, string applicationName) =>
        $"Host=127.0.0.1;Port={port};Username=pepper;Database=postgres;Application Name={applicationName};"
        + $"SSL Mode=Disable;GSS Encryption Mode=Disable;Command Timeout={CommandSeconds};Cancellation Timeout=-1";
}
