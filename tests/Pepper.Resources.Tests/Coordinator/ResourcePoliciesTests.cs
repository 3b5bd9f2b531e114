using Pepper.Resources.Caching;
using Pepper.Resources.Policies;
using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Coordinator;

public sealed class ResourcePoliciesTests
{
    [Fact]
    public async Task Names_OfTheHouse_AreThoseThatOptionsTake()
    {
        await using var coordinator = ResourceCoordinator.CreateBuilder().UseMonitor(new ResourceMonitor()).Build();
        var policies = coordinator.Policies;

        Assert.Same(policies, coordinator.Policies);
        Assert.Empty(new[] { "adaptive", "lfu", "lru", "s3-fifo" }.Except(policies.Eviction));
        Assert.Empty(new[] { "always", "by-weight", "doorkeeper" }.Except(policies.Admission));
        Assert.Equal(["after-access", "after-write", "never"], policies.Expiry);
        Assert.Empty(new[] { "after-idle", "always", "never", "sampled", "suspects" }.Except(policies.Validation));
        Assert.Empty(new[] { "erlang", "steps" }.Except(policies.Sizing));
    }

    [Fact]
    public async Task Add_OneOfYourOwnOfEachKind_IsTakenByName()
    {
        await using var empty = ResourceCoordinator.CreateBuilder().UseMonitor(new ResourceMonitor()).Build();
        empty.Policies
            .AddEviction("yours-eviction", static capacity => EvictionPolicies.Create("lru", capacity))
            .AddAdmission("yours-admission", static _ => new Own())
            .AddValidation("yours-validation", static _ => new Own())
            .AddSizing("yours-sizing", static _ => new Own());

        await using var coordinator = ResourceCoordinator.CreateBuilder().UseMonitor(new ResourceMonitor())
            .AddCache("models", new ResourceCacheOptions<string, object>
            {
                Eviction = "yours-eviction",
                Admission = "yours-admission",
            })
            .AddPool(
                "orders", static _ => new ValueTask<object>(new object()),
                new ResourcePoolOptions { ValidateBy = "yours-validation" })
            .Build();

        Assert.False(await coordinator.GetCache<string, object>("models").PutAsync(
            "a", new object(), TestContext.Current.CancellationToken));
        Assert.Equal(new SizingAdvice(3, 4, "As it is."), coordinator.Policies.RecommendSize("orders", "yours-sizing"));
        Assert.Contains("yours-eviction", coordinator.Policies.Eviction);
        var taken = Assert.Throws<ArgumentException>(() => empty.Policies.AddSizing("yours-sizing", static _ => new Own()));
        Assert.Contains("is there already", taken.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RecommendSize_UnknownNames_SaysWhichThereAre()
    {
        await using var coordinator = ResourceCoordinator.CreateBuilder().UseMonitor(new ResourceMonitor())
            .AddPool("orders", static _ => new ValueTask<object>(new object())).Build();

        var pool = Assert.Throws<ResourceNotFoundException>(() => coordinator.Policies.RecommendSize("order"));
        Assert.Contains("there are: orders", pool.Message, StringComparison.Ordinal);
        var policy = Assert.Throws<ArgumentException>(() => coordinator.Policies.RecommendSize("orders", "guess"));
        Assert.Contains("there are erlang", policy.Message, StringComparison.Ordinal);
        Assert.Equal(10, coordinator.Policies.RecommendSize("orders").MaxSize);
    }

    private sealed class Own : IAdmissionPolicy, IValidationPolicy, ISizingPolicy
    {
        public string Name => "own";

        public bool Admit(in AdmissionRequest request) => false;

        public bool ShouldValidate(in ValidationRequest request) => false;

        public SizingAdvice Advise(in PoolObservation seen) => new(3, 4, "As it is.");
    }
}
