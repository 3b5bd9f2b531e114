using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Pooling;

/// <summary>Since when a place is as it is: half of a number each for the time and for the word.</summary>
public sealed class PoolEntryTests
{
    private const long Word = (41L << 8) | SlotState.Idle;
    private readonly PoolEntry _entry = new(core: null!, index: 7);

    [Fact]
    public void TryGetAge_SeenSo_TellsForHowLong()
    {
        _entry.NoteSeen(Word, at: 1_000);

        Assert.True(_entry.TryGetAge(Word, now: 3_500, out var age));
        Assert.Equal(2_500, age);
    }

    [Theory]
    [InlineData((42L << 8) | SlotState.Idle)]
    [InlineData((41L << 8) | SlotState.InUse)]
    public void TryGetAge_SeenOtherwise_IsNotKnown(long word)
    {
        _entry.NoteSeen(Word, at: 1_000);

        Assert.False(_entry.TryGetAge(word, now: 3_500, out _));
    }

    [Fact]
    public void TryGetAge_SeenALittleLaterThanNow_IsNone()
    {
        _entry.NoteSeen(Word, at: 1_016);

        Assert.True(_entry.TryGetAge(Word, now: 1_000, out var age));
        Assert.Equal(0, age);
    }

    [Fact]
    public void TryGetAge_AfterForgetting_IsNotKnown()
    {
        _entry.NoteSeen(Word, at: 1_000);

        _entry.ForgetSeen();

        Assert.False(_entry.TryGetAge(Word, now: 1_000, out _));
    }

    [Theory]
    [InlineData(1L << 31)]
    [InlineData(1L << 32)]
    [InlineData(3L << 31)]
    public void KeepOld_TimeWrapsAround_StaysOld(long wrap)
    {
        // Seen so long ago that at the wrap it is as old as can be told.
        _entry.NoteSeen(Word, at: wrap - int.MaxValue + 10_000);

        for (var now = wrap + 5_000; now < wrap + 60_000; now += 900)
        {
            _entry.KeepOld(Word, now);

            Assert.True(_entry.TryGetAge(Word, now, out var age));
            Assert.InRange(age, int.MaxValue - 10_000, int.MaxValue);
        }
    }
}
