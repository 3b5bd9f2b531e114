using Pepper.Resources.Policies;

namespace Pepper.Resources.Tests.Policies;

public sealed class EvictionPoliciesTests
{
    [Theory]
    [InlineData("s3-fifo")]
    [InlineData("lru")]
    [InlineData("lfu")]
    [InlineData("adaptive")]
    public void Create_KnownName_GivesThatPolicy(string name)
    {
        var policy = EvictionPolicies.Create(name.ToUpperInvariant(), new EvictionCapacity(7));

        Assert.Equal(name, policy.Name);
        Assert.Equal(7, policy.Capacity.MaxCount);
        Assert.Contains(name, EvictionPolicies.Names);
        Assert.Equal(name == "adaptive" ? "s3-fifo" : name, policy.Deciding);
    }

    [Fact]
    public void Default_IsS3Fifo() => Assert.Equal("s3-fifo", EvictionPolicies.Default);

    [Fact]
    public void Create_UnknownName_ListsThoseThereAre()
    {
        var fault = Assert.Throws<ArgumentException>(() => EvictionPolicies.Create("lruk", new EvictionCapacity(7)));

        Assert.Contains("no eviction policy named 'lruk'", fault.Message, StringComparison.Ordinal);
        Assert.Contains("adaptive", fault.Message, StringComparison.Ordinal);
        Assert.Contains("lfu, lru", fault.Message, StringComparison.Ordinal);
        Assert.Contains("s3-fifo", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Register_OwnPolicy_IsChosenByNameAndEvicts()
    {
        EvictionPolicies.Register("newest-first", capacity => new NewestFirst { Capacity = capacity });

        var cache = new TestCache(EvictionPolicies.Create("newest-first", new EvictionCapacity(3)));
        Enumerable.Range(0, 10).ToList().ForEach(key => cache.Ask(key));

        Assert.Equal([0, 1, 2], cache.Nodes.Keys.Order());
        Assert.Equal("newest-first", cache.Policy.Deciding);
    }

    [Fact]
    public void Register_NameThatIsTaken_IsRefused()
    {
        var fault = Assert.Throws<ArgumentException>(() => EvictionPolicies.Register("LRU", _ => new NewestFirst()));
        Assert.Contains("'LRU' is there already", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("two words")]
    [InlineData("a,b")]
    public void Register_StrangeName_IsRefused(string name) =>
        Assert.Throws<ArgumentException>(() => EvictionPolicies.Register(name, _ => new NewestFirst()));

    [Fact]
    public void Capacity_WithoutLimit_IsRefused()
    {
        Assert.Throws<ArgumentException>(() => new EvictionCapacity(null));
        Assert.Throws<ArgumentOutOfRangeException>(() => new EvictionCapacity(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new EvictionCapacity(1, 0));
    }

    [Theory]
    [InlineData(10, null, 11, 500, true, 1.1)]
    [InlineData(10, null, 10, 500, false, 1.0)]
    [InlineData(null, 100, 500, 100, false, 1.0)]
    [InlineData(null, 100, 5, 101, true, 1.01)]
    [InlineData(10, 100, 5, 80, false, 0.8)]
    public void Capacity_Limits_EachHoldByItself(
        int? maxCount, int? maxWeight, long count, long weight, bool exceeded, double share)
    {
        var capacity = new EvictionCapacity(maxCount, maxWeight);

        Assert.Equal(exceeded, capacity.IsExceededBy(count, weight));
        Assert.Equal(share, capacity.ShareOf(count, weight), 9);
    }

    [Theory]
    [InlineData(10, null, "10 entries")]
    [InlineData(null, 9, "entries of weight 9 together")]
    [InlineData(10, 9, "10 entries of weight 9 together")]
    public void Capacity_ToString_SaysTheLimits(int? maxCount, int? maxWeight, string text) =>
        Assert.Equal(text, new EvictionCapacity(maxCount, maxWeight).ToString());

    /// <summary>A policy as a user would write one, on public members alone.</summary>
    private sealed class NewestFirst : IEvictionPolicy
    {
        private readonly EvictionQueue _queue = new(1);

        public string Name => "newest-first";

        public EvictionCapacity Capacity { get; set; } = new(1);

        public long Count => _queue.Count;

        public long Weight => _queue.Weight;

        public void Add(EvictionNode node) => _queue.Add(node);

        public void Remove(EvictionNode node)
        {
            if (node.IsQueued)
            {
                _queue.Remove(node);
            }
        }

        public bool OnHit(EvictionNode node) => false;

        public void Maintain()
        {
        }

        public EvictionNode? FindVictim(int scanLimit = 128, bool offerPinned = false) => _queue.Newest;

        public void Evict(EvictionNode victim) => Remove(victim);

        public void Skip(EvictionNode victim)
        {
        }
    }
}
