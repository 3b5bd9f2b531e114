using Pepper.Tests;

namespace Pepper.Benchmarks;

/// <summary>One way in which a server, or the way to it, fails, and comes back.</summary>
internal sealed record OutageFault(string Name, string What, int Seconds, Func<OutageStage, Task> BeginAsync)
{
    /// <summary>Null for a fault that is over at once: what follows it is looked at for as many seconds.</summary>
    internal Func<OutageStage, Task>? EndAsync { get; private init; }

    internal int MaxConnections { get; private init; } = 100;

    internal static IEnumerable<OutageFault> All()
    {
        yield return new OutageFault(
            "stop", "The server is stopped as by a crash, and started again. Meanwhile each connect is reset at once.", 15,
            static stage => stage.StopServerAsync())
        { EndAsync = static stage => stage.Cluster.StartServerAsync() };
        if (PostgresCluster.CanFreeze)
        {
            yield return new OutageFault(
                "freeze",
                "The server and all its sessions are stopped where they are (SIGSTOP) and go on later: connects succeed, and "
                + "nobody answers.",
                15,
                static stage => stage.FreezeServerAsync())
            { EndAsync = static stage => stage.Cluster.ThawServerAsync() };
        }

        yield return new OutageFault(
            "kill half", "pg_terminate_backend ends half of the connections; the server is well.", 5,
            static stage => stage.KillSessionsAsync(OutageLimits.Places / 2));
        yield return new OutageFault(
            "too many connections",
            "Half of the connections are ended, and a foreign client takes their places on a full server.",
            15,
            static stage => stage.CrowdOutAsync(OutageLimits.Places / 2))
        {
            EndAsync = static stage => stage.LeaveAsync(),
            // One for whoever looks at the sessions.
            MaxConnections = OutageLimits.Places + 1,
        };
        foreach (var fault in Network())
        {
            yield return fault;
        }
    }

    private static IEnumerable<OutageFault> Network()
    {
        static Task End(OutageStage stage) => Tell(stage, static proxy => proxy.Forward());

        yield return new OutageFault(
            "slow", "The network takes 0.4 s in each direction: answers come within the command timeout.", 10,
            static stage => Tell(stage, static proxy => proxy.Delay(TimeSpan.FromMilliseconds(400))))
        { EndAsync = End };
        yield return new OutageFault(
            "late",
            "The network takes 1.2 s in each direction: connecting works, but answers come after the command timeout.",
            10,
            static stage => Tell(stage, static proxy => proxy.Delay(TimeSpan.FromMilliseconds(1200))))
        { EndAsync = End };
        yield return new OutageFault(
            "reset", "The network resets all connections, and each new one at once.", 10,
            static stage => Tell(stage, static proxy => proxy.Reset()))
        { EndAsync = End };
        yield return new OutageFault(
            "blackhole",
            "The network swallows everything: connects succeed, and nothing is ever answered. What lost bytes is reset at the "
            + "end.",
            10,
            static stage => Tell(stage, static proxy => proxy.Blackhole()))
        { EndAsync = End };
    }

    private static Task Tell(OutageStage stage, Action<FaultProxy> tell)
    {
        tell(stage.Proxy);
        return Task.CompletedTask;
    }
}
