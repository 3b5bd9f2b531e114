using System.Data.Common;
using Pepper.Resources.Recovery;

namespace Pepper.Resources.Connections;

/// <summary>
/// What failures of database connections mean for other connections, by their SQLSTATE: what pools of
/// <see cref="ConnectionPool"/> take for <see cref="FactoryRecoveryOptions.Classify"/> when nothing else is said.
/// </summary>
public static class ConnectionFailures
{
    // Appendix A of PostgreSQL's manual; 08004 is what MySQL says when it has too many connections.
    private const string TooManyConnections = "53300";
    private const string ConnectionRejected = "08004";
    private const string CrashShutdown = "57P02";

    /// <summary>
    /// Judges a failure. A server with too many connections is a matter of <see cref="FailureKind.Capacity"/>; one that crashed
    /// takes all its connections with it, <see cref="FailureKind.Pool"/>; a statement that the server has refused or cancelled is
    /// the request's own; everything else, and all that an opening fails by, is fatal to the one connection.
    /// </summary>
    /// <param name="failure">The failure.</param>
    /// <returns>What it means for others.</returns>
    public static FailureKind Classify(FactoryFailure failure)
    {
        if (Find(failure.Exception) is not { SqlState: { Length: 5 } state })
        {
            return failure.DefaultKind;
        }

        return state switch
        {
            TooManyConnections or ConnectionRejected => FailureKind.Capacity,
            CrashShutdown => FailureKind.Pool,
            _ when failure.Stage == ResourceStage.Create || IsOfTheConnection(state) => FailureKind.Resource,
            _ => FailureKind.Request,
        };
    }

    // Connection exceptions, interventions of the operator (but the cancellation of a statement), and errors of the system.
    private static bool IsOfTheConnection(string state) =>
        state.StartsWith("08", StringComparison.Ordinal)
        || state.StartsWith("57P", StringComparison.Ordinal)
        || state.StartsWith("58", StringComparison.Ordinal)
        || state.StartsWith("XX", StringComparison.Ordinal);

    private static DbException? Find(Exception? failure)
    {
        for (; failure is not null; failure = failure.InnerException)
        {
            if (failure is DbException { SqlState: not null } found)
            {
                return found;
            }
        }

        return null;
    }
}
