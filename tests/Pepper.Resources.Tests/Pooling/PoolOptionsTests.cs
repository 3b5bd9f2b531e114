using Pepper.Resources.Pooling;
using Pepper.Resources.Recovery;

namespace Pepper.Resources.Tests.Pooling;

public sealed class PoolOptionsTests : PoolTestBase
{
    [Fact]
    public void Construct_ManyFaults_ListsThemAll()
    {
        var options = new ResourcePoolOptions
        {
            Name = " ",
            Type = (ResourceType)99,
            MinSize = -1,
            MaxSize = 0,
            AcquireTimeout = TimeSpan.FromSeconds(-5),
            CreateTimeout = TimeSpan.Zero,
            ValidateTimeout = TimeSpan.FromSeconds(-1),
            ResetTimeout = TimeSpan.Zero,
            DestroyTimeout = TimeSpan.Zero,
            IdleTimeout = TimeSpan.Zero,
            MaxLifetime = Timeout.InfiniteTimeSpan,
            LifetimeJitter = double.NaN,
            MaxUses = 0,
            MaxWaiters = -1,
            MaxConcurrentCreates = 0,
            CreateBackOff = TimeSpan.FromSeconds(31),
            IdleOrder = (IdleOrder)2,
            WakeUp = (WakeUp)(-1),
            KeepAliveInterval = TimeSpan.Zero,
            Validation = (ValidationMode)16,
            ValidateAfterIdle = TimeSpan.FromSeconds(-1),
            ValidateBy = "sometimes",
            ReclaimLeaked = true,
            StackCapture = -1,
            Recovery = new FactoryRecoveryOptions { CreateAttempts = 0, HedgeAfter = TimeSpan.Zero },
            Shedding = new SheddingOptions { Target = TimeSpan.Zero, Interval = TimeSpan.FromTicks(-1) },
        };

        var thrown = Assert.Throws<ArgumentException>(() => new ResourcePool<TestResource>(Factory, options, Time, Monitor));

        Assert.Contains("29 fault(s)", thrown.Message, StringComparison.Ordinal);
        string[] switches = [
            nameof(options.EmitDatabaseMetrics), nameof(options.PatientWarmUp), nameof(options.FailOnDeadlock),
            nameof(options.FailFastOnBackOff),
        ];
        foreach (var property in typeof(ResourcePoolOptions).GetProperties().Select(property => property.Name).Except(switches))
        {
            Assert.Contains(property, thrown.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Construct_SheddingIntervalIsShorterThanTheTarget_NamesBoth()
    {
        var options = new ResourcePoolOptions { Shedding = new SheddingOptions { Interval = TimeSpan.FromMilliseconds(49) } };

        var thrown = Assert.Throws<ArgumentException>(() => new ResourcePool<TestResource>(Factory, options, Time, Monitor));

        Assert.Contains("Shedding.Interval is 00:00:00.0490000", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("Shedding.Target (00:00:00.0500000)", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Construct_Defaults_AreValidAndAsDocumented()
    {
        var options = new ResourcePoolOptions();
        Assert.Equal((1, 10, 4), (options.MinSize, options.MaxSize, options.MaxConcurrentCreates));
        Assert.Equal(TimeSpan.FromSeconds(30), options.AcquireTimeout);
        Assert.Equal(ValidationMode.OnBorrow, options.Validation);

        var pool = new ResourcePool<TestResource>(Factory, null, Time, Monitor);

        Assert.Equal(("default", 10), (pool.Name, pool.Statistics.MaxSize));
    }

    [Fact]
    public async Task Construct_OptionsAreChangedLater_DoesNotCare()
    {
        var options = new ResourcePoolOptions { Name = "before", MinSize = 0, MaxSize = 1 };
        await using var pool = new ResourcePool<TestResource>(Factory, options, Time, Monitor);

        (options.Name, options.MaxSize, options.AcquireTimeout) = ("after", 5, TimeSpan.Zero);

        Assert.Equal(("before", 1), (pool.Name, pool.Statistics.MaxSize));
        Assert.False((await Lend(pool)).IsStale);
    }

    [Fact]
    public async Task Construct_InfiniteTimeouts_AreAllowed()
    {
        await using var pool = NewPool(options => options.AcquireTimeout = (options.CreateTimeout = options.ValidateTimeout
            = options.ResetTimeout = options.DestroyTimeout = Timeout.InfiniteTimeSpan).Value);

        Assert.False((await Lend(pool)).IsStale);
    }

    [Fact]
    public async Task Construct_AcquireTimeoutZero_DoesNotCutCreationsShort()
    {
        Factory.Set(Stage.Create, Behaviour.Slow);
        await using var pool = NewPool(options => options.AcquireTimeout = TimeSpan.Zero);
        await Assert.ThrowsAnyAsync<ResourceTimeoutException>(() => Ask(pool));
        await Until(() => Factory.Calls(Stage.Create) == 1);
        Time.Advance(TimeSpan.FromMinutes(10));

        Factory.Open(Stage.Create);

        await Until(() => pool.Statistics.Idle == 1);
    }

    [Fact]
    public void Construct_NoFactory_Throws() =>
        Assert.Throws<ArgumentNullException>(() => new ResourcePool<TestResource>(null!));
}
