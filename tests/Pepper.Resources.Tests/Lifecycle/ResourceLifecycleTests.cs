namespace Pepper.Resources.Tests.Lifecycle;

public sealed class ResourceLifecycleTests
{
    // Written from the requirement, not from the table in the code. A dash: refused.
    private const string Expected = """
        from         Initialize   Acquire  Release  Fail    Recover      Dispose
        Created      Initialized  -        -        Failed  -            Disposed
        Initialized  -            InUse    -        Failed  -            Disposed
        InUse        -            -        Idle     Failed  -            -
        Idle         -            InUse    -        Failed  -            Disposed
        Failed       -            -        -        -       Initialized  Disposed
        Disposed     -            -        -        -       -            -
        """;

    public static TheoryData<ResourceState, string, ResourceState?> Matrix()
    {
        var rows = Expected.Split('\n').Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).ToList();
        var data = new TheoryData<ResourceState, string, ResourceState?>();
        foreach (var row in rows.Skip(1))
        {
            for (var column = 1; column < row.Length; column++)
            {
                data.Add(
                    Enum.Parse<ResourceState>(row[0]), rows[0][column],
                    row[column] == "-" ? null : Enum.Parse<ResourceState>(row[column]));
            }
        }

        return data;
    }

    public static TheoryData<ResourceState, string> LegalChanges()
    {
        var data = new TheoryData<ResourceState, string>();
        foreach (var row in Matrix().Where(row => row.Data.Item3 is not null))
        {
            data.Add(row.Data.Item1, row.Data.Item2);
        }

        return data;
    }

    [Fact]
    public void Matrix_CoversEveryStateAndEveryTransition()
    {
        Assert.Equal(Enum.GetValues<ResourceState>().Length * ResourceTransitions.All.Count, Matrix().Count);
        Assert.Equal(
            Matrix().Select(row => row.Data.Item2).Distinct().Order(),
            ResourceTransitions.All.Select(transition => transition.Name).Order());
    }

    [Theory]
    [MemberData(nameof(Matrix))]
    public void Try_FromEachState_AppliesOrRefusesAndSaysSo(ResourceState from, string transition, ResourceState? to)
    {
        var lifecycle = In(from);

        var applied = Try(lifecycle, transition);

        Assert.Equal(to is not null, applied);
        Assert.Equal(to ?? from, lifecycle.State);
    }

    [Theory]
    [MemberData(nameof(LegalChanges))]
    public void Try_FromManyThreadsAtOnce_ExactlyOneWins(ResourceState from, string transition)
    {
        const int Threads = 4;
        const int Rounds = 200;
        var lifecycles = Enumerable.Range(0, Rounds).Select(_ => In(from)).ToArray();
        var wins = new int[Rounds];
        using var barrier = new Barrier(Threads);
        RealThreads.Run(Threads, _ =>
        {
            for (var round = 0; round < Rounds; round++)
            {
                barrier.SignalAndWait();
                if (Try(lifecycles[round], transition))
                {
                    Interlocked.Increment(ref wins[round]);
                }
            }
        });

        Assert.All(wins, won => Assert.Equal(1, won));
    }

    [Fact]
    public void States_AreAllReachable_AndOnlyDisposedIsTheEnd()
    {
        var reached = new HashSet<ResourceState> { ResourceState.Created };
        var open = new Queue<ResourceState>(reached);
        while (open.TryDequeue(out var from))
        {
            foreach (var one in ResourceTransitions.All.Where(one => one.IsLegalFrom(from) && reached.Add(one.To)))
            {
                open.Enqueue(one.To);
            }
        }

        Assert.Equal(Enum.GetValues<ResourceState>().Order(), reached.Order());
        Assert.Equal(
            [ResourceState.Disposed],
            Enum.GetValues<ResourceState>().Where(state => !ResourceTransitions.All.Any(one => one.IsLegalFrom(state))));
    }

    [Fact]
    public void Try_DifferentChangesFromManyThreads_OnlyWalksAlongTheTable()
    {
        string[] names = ["Acquire", "Release", "Fail", "Recover"];
        var won = new int[names.Length];
        var lifecycle = In(ResourceState.Initialized);
        RealThreads.Run(names.Length, thread =>
        {
            for (var round = 0; round < 20_000; round++)
            {
                won[thread] += Try(lifecycle, names[thread]) ? 1 : 0;
            }
        });

        // Whoever went in came out again, by one of the two doors, except for the one who may be inside still.
        Assert.InRange(won[0] - won[1], 0, won[2] + 1);
        Assert.InRange(won[2] - won[3], 0, 1);
        Assert.NotEqual(ResourceState.Created, lifecycle.State);
        Assert.NotEqual(ResourceState.Disposed, lifecycle.State);
    }

    private static ResourceLifecycle In(ResourceState state)
    {
        string[] path = state switch
        {
            ResourceState.Created => [],
            ResourceState.Initialized => ["Initialize"],
            ResourceState.InUse => ["Initialize", "Acquire"],
            ResourceState.Idle => ["Initialize", "Acquire", "Release"],
            ResourceState.Failed => ["Fail"],
            _ => ["Dispose"],
        };
        var lifecycle = new ResourceLifecycle();
        Assert.All(path, step => Assert.True(Try(lifecycle, step)));
        Assert.Equal(state, lifecycle.State);
        return lifecycle;
    }

    private static bool Try(ResourceLifecycle lifecycle, string transition) => transition switch
    {
        "Initialize" => lifecycle.TryInitialize(),
        "Acquire" => lifecycle.TryAcquire(),
        "Release" => lifecycle.TryRelease(),
        "Fail" => lifecycle.TryFail(),
        "Recover" => lifecycle.TryRecover(),
        "Dispose" => lifecycle.TryDispose(),
        _ => throw new ArgumentOutOfRangeException(nameof(transition), transition, "No such transition."),
    };
}
