using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Pooling;

public sealed class KeyedPoolOptionsTests : KeyedPoolTestBase
{
    [Fact]
    public void Options_Faulty_ListsAllFaultsAtOnce()
    {
        var thrown = Assert.Throws<ArgumentException>(() => NewKeyed(options =>
        {
            options.Name = " ";
            options.MaxTotal = 0;
            options.MaxKeys = -1;
            options.KeyIdleTimeout = TimeSpan.Zero;
            options.PerKey.MaxSize = 0;
            options.PerKey.MaxUses = 0;
        }));

        foreach (var part in new[]
        {
            "6 fault(s)", "Name must not be empty",
            "MaxTotal is 0, but must be 1 or more", "MaxKeys is -1, but must be 1 or more",
            "KeyIdleTimeout is 00:00:00, but must be greater than zero", "PerKey: MaxSize is 0", "PerKey: MaxUses is 0",
        })
        {
            Assert.Contains(part, thrown.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Options_MinimumAboveTheTotal_IsAFault()
    {
        var thrown = Assert.Throws<ArgumentException>(() => NewKeyed(options =>
        {
            options.MaxTotal = 2;
            options.PerKey = new ResourcePoolOptions { MinSize = 3 };
        }));

        Assert.Contains("PerKey: MinSize is 3, but must not exceed MaxTotal (2)", thrown.Message, StringComparison.Ordinal);
        Assert.Contains(
            "PerKey must not be null",
            Assert.Throws<ArgumentException>(() => NewKeyed(static options => options.PerKey = null!)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Options_Default_AreWhatTheDocumentationSays()
    {
        var options = new KeyedResourcePoolOptions<int>();

        Assert.Equal(("default", 0, 10), (options.Name, options.PerKey.MinSize, options.PerKey.MaxSize));
        Assert.Null(options.MaxTotal);
        Assert.Null(options.MaxKeys);
        Assert.Equal(TimeSpan.FromMinutes(10), options.KeyIdleTimeout);
        Assert.False(options.LabelKeys);
    }

    [Fact]
    public async Task Options_ChangedLater_HaveNoEffect()
    {
        KeyedResourcePoolOptions<string> given = null!;
        await using var pools = NewKeyed(options => given = options);
        given.PerKey.MaxSize = 9;
        given.Name = "other";
        var copy = given.Copy();
        copy.PerKey.MaxSize = 3;

        using var lease = await Lend(pools, "a");

        Assert.Equal((2, "hosts[a]"), (pools.GetStatistics("a")!.MaxSize, pools.GetStatistics("a")!.Name));
        Assert.Equal(9, given.PerKey.MaxSize);
    }
}
