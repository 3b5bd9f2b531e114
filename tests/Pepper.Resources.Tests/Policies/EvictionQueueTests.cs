using Pepper.Resources.Policies;

namespace Pepper.Resources.Tests.Policies;

public sealed class EvictionQueueTests
{
    private readonly EvictionQueue _queue = new(1);
    private readonly TestNode _a = new(1, 10);
    private readonly TestNode _b = new(2, 20);
    private readonly TestNode _c = new(3, 30);

    public EvictionQueueTests()
    {
        _queue.Add(_a);
        _queue.Add(_b);
        _queue.Add(_c);
    }

    [Fact]
    public void Add_Three_AreInOrder()
    {
        Assert.Equal([_a, _b, _c], PolicyChecks.NodesOf(_queue));
        Assert.Equal((3, 60), (_queue.Count, _queue.Weight));
        Assert.Same(_a, _queue.Oldest);
        Assert.Same(_c, _queue.Newest);
    }

    [Fact]
    public void Add_NodeOfAnotherQueue_IsRefused()
    {
        var fault = Assert.Throws<ArgumentException>(() => new EvictionQueue(2).Add(_a));
        Assert.Contains("The node is in queue 1", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Remove_Middle_JoinsItsNeighboursAndKeepsNone()
    {
        _queue.Remove(_b);

        Assert.Equal([_a, _c], PolicyChecks.NodesOf(_queue));
        Assert.False(_b.IsQueued);
        Assert.Null(_b.Previous);
        Assert.Null(_b.Next);
    }

    [Fact]
    public void Remove_NodeThatIsNotThere_IsRefused()
    {
        _queue.Remove(_a);

        Assert.Throws<ArgumentException>(() => _queue.Remove(_a));
        Assert.Equal((2, 50), (_queue.Count, _queue.Weight));
    }

    [Fact]
    public void Remove_All_LeavesItEmpty()
    {
        _queue.Remove(_c);
        _queue.Remove(_a);
        _queue.Remove(_b);

        Assert.Null(_queue.Oldest);
        Assert.Null(_queue.Newest);
        Assert.Equal((0, 0), (_queue.Count, _queue.Weight));
    }

    [Fact]
    public void Renew_Oldest_IsNewest()
    {
        _queue.Renew(_a);
        Assert.Equal([_b, _c, _a], PolicyChecks.NodesOf(_queue));

        _queue.Renew(_a);
        Assert.Equal([_b, _c, _a], PolicyChecks.NodesOf(_queue));
    }

    [Fact]
    public void Constructor_QueueZero_IsRefused() => Assert.Throws<ArgumentOutOfRangeException>(() => new EvictionQueue(0));

    [Fact]
    public void Node_NegativeWeight_IsRefused() => Assert.Throws<ArgumentOutOfRangeException>(() => new TestNode(1, -1));

    [Fact]
    public void Mark_Set_IsKeptAcrossQueues()
    {
        _a.Mark = 200;
        _queue.Renew(_a);

        Assert.Equal(200, _a.Mark);
        Assert.Equal(0, _b.Mark);
    }
}
