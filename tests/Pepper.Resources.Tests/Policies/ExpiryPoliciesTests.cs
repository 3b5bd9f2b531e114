using Pepper.Resources.Policies;

namespace Pepper.Resources.Tests.Policies;

public sealed class ExpiryPoliciesTests
{
    private static readonly TimeSpan Now = TimeSpan.FromHours(5);
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    [Fact]
    public void AfterWrite_Read_LeavesTheTime()
    {
        var policy = ExpiryPolicies.Create<string, string>("after-write", Minute);

        var due = policy.AfterWrite("k", "v", Now);

        Assert.False(policy.CountsReads);
        Assert.Equal(Now + Minute, due);
        Assert.Equal(due, policy.AfterRead("k", "v", Now + (Minute / 2), due));
    }

    [Fact]
    public void AfterAccess_Read_BeginsTheTimeAnew()
    {
        var policy = ExpiryPolicies.Create<string, string>("After-Access", Minute);

        Assert.True(policy.CountsReads);
        Assert.Equal(Now + Minute, policy.AfterWrite("k", "v", Now));
        Assert.Equal(Now + (1.5 * Minute), policy.AfterRead("k", "v", Now + (Minute / 2), Now + Minute));
    }

    [Fact]
    public void Never_AnyTime_IsForEver()
    {
        var policy = ExpiryPolicies.Create<string, string>("never", Minute);

        Assert.Equal(TimeSpan.MaxValue, policy.AfterWrite("k", "v", Now));
        Assert.False(policy.CountsReads);
    }

    [Fact]
    public void PerEntry_Delegate_SaysHowLong()
    {
        var policy = ExpiryPolicies.PerEntry<string, int>(
            (key, value) => key == "short" ? value * Minute : Timeout.InfiniteTimeSpan);

        Assert.False(policy.CountsReads);
        Assert.Equal(Now + (3 * Minute), policy.AfterWrite("short", 3, Now));
        Assert.Equal(Now, policy.AfterWrite("short", 0, Now));
        Assert.Equal(TimeSpan.MaxValue, policy.AfterWrite("long", 3, Now));
        Assert.Equal(Minute, policy.AfterRead("short", 3, Now, Minute));
    }

    [Fact]
    public void PerEntry_CountingReads_AsksAgain()
    {
        var policy = ExpiryPolicies.PerEntry<string, int>((_, value) => value * Minute, countsReads: true);

        Assert.True(policy.CountsReads);
        Assert.Equal(Now + (2 * Minute), policy.AfterRead("k", 2, Now, Now));
    }

    [Fact]
    public void AfterWrite_BeyondAllTime_IsForEver()
    {
        var policy = ExpiryPolicies.Create<string, string>("after-write", TimeSpan.MaxValue);

        Assert.Equal(TimeSpan.MaxValue, policy.AfterWrite("k", "v", Now));
    }

    [Fact]
    public void Create_NoTime_IsRefused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => ExpiryPolicies.Create<int, int>("after-write", TimeSpan.Zero));
        Assert.Throws<ArgumentOutOfRangeException>(() => ExpiryPolicies.Create<int, int>("never", TimeSpan.FromSeconds(-3)));
    }

    [Fact]
    public void Create_UnknownName_ListsThoseThereAre()
    {
        var fault = Assert.Throws<ArgumentException>(() => ExpiryPolicies.Create<int, int>("weekly", Minute));
        Assert.Contains("after-access, after-write, never", fault.Message, StringComparison.Ordinal);
    }
}
