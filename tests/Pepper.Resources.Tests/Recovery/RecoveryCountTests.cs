using Pepper.Resources.Recovery;
using Pepper.Resources.Testing;

namespace Pepper.Resources.Tests.Recovery;

public sealed class RecoveryCountTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly ManualTimeProvider _time = new();

    [Fact]
    public void Add_MoreThanAllowedWithinThePeriod_TellsOnce()
    {
        var count = NewCount(most: 2);

        Assert.Equal([null, null, 3, null, null], Enumerable.Range(0, 5).Select(_ => count.Add_NeedsLock()));

        Assert.Equal((5, 3), (count.All, count.CountTooMany_NeedsLock()));
    }

    [Fact]
    public void Add_WereFewEnoughInBetween_TellsAgain()
    {
        var count = NewCount(most: 1);
        Assert.Null(count.Add_NeedsLock());
        _time.Advance(Minute / 2);
        Assert.Equal(2, count.Add_NeedsLock());

        // Nobody has looked in between.
        _time.Advance(Minute / 2);

        Assert.Equal(2, count.Add_NeedsLock());
        Assert.Null(count.Add_NeedsLock());
    }

    [Fact]
    public void CountTooMany_ThePeriodIsOver_ForgetsThem()
    {
        var count = NewCount(most: 1);
        count.Add_NeedsLock();
        count.Add_NeedsLock();
        _time.Advance(Minute - TimeSpan.FromTicks(1));
        Assert.Equal(2, count.CountTooMany_NeedsLock());

        _time.Advance(TimeSpan.FromTicks(1));

        Assert.Null(count.CountTooMany_NeedsLock());
        Assert.Equal(2, count.All);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(int.MaxValue)]
    public void Add_AnyNumberIsAllowed_TellsNothing(int? most)
    {
        var count = NewCount(most);

        Assert.All(Enumerable.Range(0, 100), _ => Assert.Null(count.Add_NeedsLock()));

        Assert.Equal(100, count.All);
    }

    private RecoveryCount NewCount(int? most) =>
        new(new FactoryRecoveryOptions { MaxRecoveries = most, RecoveryPeriod = Minute }, _time);
}
