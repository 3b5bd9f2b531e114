using Pepper.Resources.Policies;

namespace Pepper.Resources.Tests.Policies;

/// <summary>What remembers keys by a few bits: it may err, seldom and on the safe side.</summary>
public sealed class SketchTests
{
    [Fact]
    public void Estimate_FewKeys_IsExactUpTo15()
    {
        var sketch = new FrequencySketch(1000);
        for (var key = 0; key < 20; key++)
        {
            for (var i = 0; i < key; i++)
            {
                sketch.Increment(key);
            }
        }

        Assert.All(Enumerable.Range(0, 20), key => Assert.Equal(Math.Min(15, key), sketch.Estimate(key)));
        Assert.Equal(0, sketch.Estimate(12345));
    }

    [Fact]
    public void Estimate_AsManyKeysAsItIsFor_IsSeldomTooMuchAndNeverTooLittle()
    {
        var sketch = new FrequencySketch(1000);
        Assert.All(Enumerable.Range(0, 1000), sketch.Increment);

        Assert.All(Enumerable.Range(0, 1000), key => Assert.InRange(sketch.Estimate(key), 1, 15));
        Assert.InRange(Enumerable.Range(0, 1000).Count(key => sketch.Estimate(key) > 1), 0, 150);
    }

    [Fact]
    public void Increment_AsOftenAsTheSample_HalvesEverything()
    {
        var sketch = new FrequencySketch(64);
        for (var i = 0; i < 12; i++)
        {
            sketch.Increment(-1);
        }

        for (var key = 0; key < (5 * 64) - 12; key++)
        {
            sketch.Increment(key);
        }

        Assert.InRange(sketch.Estimate(-1), 6, 8);
    }

    [Fact]
    public void EnsureCapacity_Grown_KeepsWhatWasCounted()
    {
        var sketch = new FrequencySketch(64);
        for (var i = 0; i < 50; i++)
        {
            sketch.Increment(i % 10);
        }

        var before = Enumerable.Range(0, 10).Select(sketch.Estimate).ToList();
        sketch.EnsureCapacity(5000);

        Assert.Equal(before, Enumerable.Range(0, 10).Select(sketch.Estimate));
    }

    [Fact]
    public void TryForget_RememberedKey_IsKnownOnce()
    {
        var ghosts = new GhostTable { Lifetime = 100 };
        Assert.False(ghosts.TryForget(1));
        ghosts.Remember(1);
        ghosts.Remember(2);

        Assert.True(ghosts.TryForget(1));
        Assert.False(ghosts.TryForget(1));
        Assert.True(ghosts.TryForget(2));
        Assert.False(ghosts.TryForget(3));
    }

    [Fact]
    public void TryForget_WithinTheLifetime_KnowsNearlyAllAndNoStranger()
    {
        var ghosts = new GhostTable { Lifetime = 10_000 };
        foreach (var key in Enumerable.Range(0, 30_000))
        {
            ghosts.Remember(key);
        }

        Assert.InRange(Enumerable.Range(1_000_000, 10_000).Count(ghosts.TryForget), 0, 30);
        Assert.InRange(Enumerable.Range(0, 15_000).Count(ghosts.TryForget), 0, 30);
        Assert.InRange(Enumerable.Range(20_100, 9_900).Count(ghosts.TryForget), 9_000, 9_900);
    }

    [Fact]
    public void Lifetime_Grown_StillKnowsThoseBefore()
    {
        var ghosts = new GhostTable { Lifetime = 100 };
        foreach (var key in Enumerable.Range(0, 100))
        {
            ghosts.Remember(key);
        }

        ghosts.Lifetime = 1000;
        ghosts.Remember(500);

        Assert.Equal(1000, ghosts.Lifetime);
        Assert.True(ghosts.TryForget(500));
        Assert.InRange(Enumerable.Range(0, 100).Count(ghosts.TryForget), 85, 100);
    }

    [Fact]
    public void Lifetime_ChangedALittle_IsLeft()
    {
        var ghosts = new GhostTable { Lifetime = 1000 };

        ghosts.Lifetime = 1010;
        Assert.Equal(1000, ghosts.Lifetime);

        ghosts.Lifetime = 500;
        Assert.Equal(500, ghosts.Lifetime);
    }

    [Fact]
    public void Climb_HitRateFalls_TurnsBack()
    {
        var climber = new WindowClimber();
        var first = climber.Share;
        Sample(hits: 100);
        var second = climber.Share;
        Sample(hits: 50);
        var third = climber.Share;

        Assert.NotEqual(first, second);
        Assert.Equal(Math.Sign(first - second), Math.Sign(third - second));
        Assert.Equal((1 - third) * 0.8, climber.ProtectedShare, 9);

        void Sample(int hits)
        {
            for (var i = 0; i < 128; i++)
            {
                if (i < hits)
                {
                    climber.OnHit();
                }
                else
                {
                    climber.OnMiss();
                }
            }

            climber.Climb(100);
        }
    }

    [Fact]
    public void Window_UnderRecency_BecomesLarge()
    {
        var policy = new LfuPolicy(new EvictionCapacity(200));

        new TestCache(policy).HitRate(Requests.Recency(100_000, 200));

        Assert.InRange(policy.WindowShare, 0.3, 0.8);
    }

    [Fact]
    public void Offer_FullRing_AsksToBeDrainedAndLosesTheHit()
    {
        var buffer = new HitBuffer(1);
        var node = new TestNode(1);
        var answers = Enumerable.Range(0, 40).Select(_ => buffer.Offer(node)).ToList();
        var ring = 0;
        var taken = 0;
        while (buffer.TryTake(ref ring, out _))
        {
            taken++;
        }

        Assert.Equal(31, answers.IndexOf(true));
        Assert.All(answers.Skip(31), Assert.True);
        Assert.Equal(32, taken);
        Assert.False(buffer.Offer(node));
    }
}
