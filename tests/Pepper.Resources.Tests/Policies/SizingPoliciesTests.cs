using Pepper.Resources.Policies;

namespace Pepper.Resources.Tests.Policies;

public sealed class SizingPoliciesTests
{
    private static readonly PoolObservation Seen = new()
    {
        Interval = TimeSpan.FromMinutes(1),
        MinSize = 2,
        MaxSize = 10,
        Acquires = 1000,
        MeanInUse = 4,
        PeakInUse = 10,
    };

    [Theory]
    // Erlang C: at a load of 4, one in twenty callers waits with 8 places (0.059) no more, with 9 places (0.024) fewer do.
    [InlineData(4, 0.05, 9)]
    [InlineData(4, 0.06, 8)]
    // At a load of 1 and two places a third of the callers wait.
    [InlineData(1, 0.34, 2)]
    [InlineData(1, 0.33, 3)]
    [InlineData(0.01, 0.05, 1)]
    public void Advise_Erlang_IsTheSmallestPoolInWhichFewWait(double load, double share, int size)
    {
        var policy = SizingPolicies.Create("erlang", new SizingPolicyOptions { MaxWaitShare = share });

        var advice = policy.Advise(Seen with { MeanInUse = load });

        Assert.Equal(size, advice.MaxSize);
        Assert.Equal(Math.Max(1, (int)Math.Ceiling(load)), advice.MinSize);
        Assert.Contains($"with {size} no more than", advice.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Advise_ErlangOfAFullPool_CountsThoseThatWaited()
    {
        var full = Seen with { MeanInUse = 10, WaitTime = TimeSpan.FromMinutes(5), Waited = 900 };

        var advice = SizingPolicies.Create("erlang").Advise(full);

        // Ten were lent and five waited on average.
        Assert.Equal(15, advice.MinSize);
        Assert.InRange(advice.MaxSize, 20, 26);
        Assert.Contains("look again", advice.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Advise_ErlangBeyondTheLimit_SaysSo()
    {
        var policy = SizingPolicies.Create("erlang", new SizingPolicyOptions { Limit = 5 });

        var advice = policy.Advise(Seen with { MeanInUse = 8 });

        Assert.Equal((5, 5), (advice.MinSize, advice.MaxSize));
        Assert.Contains("limit of 5 is too small", advice.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Advise_ErlangWithoutRequests_LeavesThePool()
    {
        var advice = SizingPolicies.Create("erlang").Advise(Seen with { Acquires = 0 });

        Assert.Equal((2, 10), (advice.MinSize, advice.MaxSize));
    }

    [Theory]
    [InlineData(100, 0, 0, 10, 15)]
    [InlineData(10, 3, 0, 10, 15)]
    [InlineData(10, 0, 0, 10, 10)]
    [InlineData(0, 0, 4, 6, 8)]
    [InlineData(0, 0, 0, 4, 7)]
    public void Advise_Steps_FollowWaitsAndIdleness(int waited, int timedOut, int leastIdle, int peak, int size)
    {
        var seen = Seen with { Waited = waited, TimedOut = timedOut, LeastIdle = leastIdle, PeakInUse = peak };

        var advice = SizingPolicies.Create("steps").Advise(seen);

        Assert.Equal(size, advice.MaxSize);
        Assert.Equal(2, advice.MinSize);
        Assert.NotEmpty(advice.Reason);
    }

    [Fact]
    public void Advise_StepsAtTheLimit_StayBelowIt()
    {
        var policy = SizingPolicies.Create("steps", new SizingPolicyOptions { Limit = 12 });

        Assert.Equal(12, policy.Advise(Seen with { TimedOut = 1 }).MaxSize);
    }

    [Fact]
    public void Create_OptionsOutOfRange_NamesAll()
    {
        var options = new SizingPolicyOptions { MaxWaitShare = 1, Limit = 0 };

        var fault = Assert.Throws<ArgumentException>(() => SizingPolicies.Create("steps", options));
        Assert.Contains("MaxWaitShare is 1", fault.Message, StringComparison.Ordinal);
        Assert.Contains("Limit is 0", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Create_UnknownName_ListsThoseThereAre()
    {
        var fault = Assert.Throws<ArgumentException>(() => SizingPolicies.Create("guess"));
        Assert.Contains("erlang, steps", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Register_OwnPolicy_IsChosenByName()
    {
        SizingPolicies.Register("zz-fixed", _ => new Fixed());

        Assert.Equal(3, SizingPolicies.Create("zz-fixed").Advise(Seen).MaxSize);
    }

    private sealed class Fixed : ISizingPolicy
    {
        public string Name => "zz-fixed";

        public SizingAdvice Advise(in PoolObservation seen) => new(3, 3, "always three");
    }
}
