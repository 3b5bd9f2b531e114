using Pepper.Resources.Cleanup;

namespace Pepper.Resources.Tests.Cleanup;

public sealed class TimerWheelTests
{
    [Fact]
    public void NextWakeTick_Empty_IsNever()
    {
        var wheel = new TimerWheel(5);

        Assert.Equal(long.MaxValue, wheel.NextWakeTick);
        Assert.Equal(0, wheel.Count);
        Assert.Null(wheel.Advance(1_000_000));
    }

    [Fact]
    public void Construct_NegativePresent_Throws() => Assert.Throws<ArgumentOutOfRangeException>(() => new TimerWheel(-1));

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0, 1)]
    [InlineData(0, 63)]
    [InlineData(0, 64)]
    [InlineData(63, 64)]
    [InlineData(100, 4096)]
    [InlineData(4095, 4097)]
    [InlineData(123_456, 9_876_543_210)]
    [InlineData(7, 315_576_000_000)] // a century of 10 ms ticks
    [InlineData(7, long.MaxValue - 1)]
    [InlineData(0, long.MaxValue)]
    [InlineData(long.MaxValue - 3, long.MaxValue)]
    public void Advance_ToTheDueTick_GivesTheNodeThenAndNotBefore(long now, long due)
    {
        var wheel = new TimerWheel(now);
        var node = new Node(1);
        wheel.Add(node, due);
        Assert.InRange(wheel.NextWakeTick, now, due);

        if (due > now)
        {
            Assert.Null(wheel.Advance(due - 1));
            Assert.True(node.IsLinked);
        }

        Assert.Equal(due, wheel.NextWakeTick);
        Assert.Same(node, wheel.Advance(due));
        Assert.False(node.IsLinked);
        Assert.Null(node.Next);
        Assert.Equal(0, wheel.Count);
    }

    [Fact]
    public void Advance_FollowingNextWakeTickOnly_ReachesAnyDueTickInElevenWakes()
    {
        var wheel = new TimerWheel(1);
        wheel.Add(new Node(1), long.MaxValue - 5);
        int wakes = 0;

        TimerWheelNode? node;
        do
        {
            node = wheel.Advance(wheel.NextWakeTick);
            wakes++;
        }
        while (node is null);

        Assert.InRange(wakes, 1, 11);
        Assert.Equal(long.MaxValue - 5, node.DueTick);
    }

    [Fact]
    public void Advance_SeveralDue_ComeInOrderOfDueTickThenInsertion()
    {
        var wheel = new TimerWheel(0);
        (int Number, long Due)[] added = [(1, 5000), (2, 70), (3, 5000), (4, 3), (5, 70), (6, 3), (7, 5001)];
        foreach ((int number, long due) in added)
        {
            wheel.Add(new Node(number), due);
        }

        Assert.Equal([4, 6, 2, 5, 1, 3], Numbers(wheel.Advance(5000)));
        Assert.Equal(1, wheel.Count);
    }

    [Fact]
    public void Advance_SameTickAddedNearAndFar_KeepsTheOrderOfInsertion()
    {
        var wheel = new TimerWheel(0);
        wheel.Add(new Node(1), 5000);
        Assert.Null(wheel.Advance(4990));
        wheel.Add(new Node(2), 5000);
        Assert.Null(wheel.Advance(4999));
        wheel.Add(new Node(3), 5000);

        Assert.Equal([1, 2, 3], Numbers(wheel.Advance(6000)));
    }

    [Fact]
    public void Add_AlreadyDue_GoesOutAtTheNextAdvance()
    {
        var wheel = new TimerWheel(0);
        Assert.Null(wheel.Advance(1000));
        wheel.Add(new Node(1), 10);
        wheel.Add(new Node(2), 1000);

        Assert.Equal(1000, wheel.NextWakeTick);
        Assert.Equal([1, 2], Numbers(wheel.Advance(0)));
    }

    [Fact]
    public void Add_LinkedNode_Throws()
    {
        var wheel = new TimerWheel(0);
        var node = new Node(1);
        wheel.Add(node, 10);

        Assert.Throws<InvalidOperationException>(() => wheel.Add(node, 20));
        Assert.Equal(1, wheel.Count);
    }

    [Fact]
    public void Remove_LinkedNode_IsTrueOnce()
    {
        var wheel = new TimerWheel(0);
        var node = new Node(1);
        Assert.False(wheel.Remove(node));
        wheel.Add(node, 10_000);

        Assert.True(wheel.Remove(node));
        Assert.False(wheel.Remove(node));
        Assert.Equal(long.MaxValue, wheel.NextWakeTick);
        Assert.Null(wheel.Advance(20_000));
    }

    [Fact]
    public void Advance_WithLimit_LeavesTheRestDue()
    {
        var wheel = new TimerWheel(0);
        for (int i = 0; i < 5; i++)
        {
            wheel.Add(new Node(i), 100 + (i / 2));
        }

        Assert.Equal([0, 1, 2], Numbers(wheel.Advance(500, 3)));
        Assert.InRange(wheel.NextWakeTick, 0, 500);
        Assert.Equal([3, 4], Numbers(wheel.Advance(500, 3)));
        Assert.Equal(long.MaxValue, wheel.NextWakeTick);
    }

    [Fact]
    public void AddMoveRemove_ManyTimes_AllocatesNothing()
    {
        var wheel = new TimerWheel(0);
        Node[] nodes = [.. Enumerable.Range(0, 1000).Select(i => new Node(i))];
        AddAndRemoveAll(wheel, nodes);
        long before = GC.GetAllocatedBytesForCurrentThread();

        AddAndRemoveAll(wheel, nodes);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Theory]
    [InlineData(1, 100)]
    [InlineData(2, 5_000)]
    [InlineData(3, 1_000_000)]
    [InlineData(4, 10_000_000_000)]
    [InlineData(5, long.MaxValue / 4)]
    [InlineData(6, 64)]
    [InlineData(7, 4096)]
    [InlineData(8, 1)]
    public void AddRemoveAdvance_AtRandom_AgreesWithASortedList(int seed, long span)
    {
        var random = new Random(seed);
        long now = random.NextInt64(span);
        var wheel = new TimerWheel(now);
        var model = new SortedDictionary<(long Due, int Number), Node>();
        int number = 0;
        for (int step = 0; step < 20_000; step++)
        {
            int action = random.Next(10);
            if (action < 5)
            {
                var node = new Node(number++);
                long due = now + random.NextInt64(span) - random.Next(2);
                wheel.Add(node, due);
                model.Add((Math.Max(due, now), node.Number), node);
            }
            else if (action < 7 && model.Count > 0)
            {
                var (key, node) = model.ElementAt(random.Next(Math.Min(model.Count, 20)));
                Assert.True(wheel.Remove(node));
                model.Remove(key);
            }
            else if (now < long.MaxValue / 2)
            {
                long far = action == 7 && model.Count > 0 ? wheel.NextWakeTick : now + random.NextInt64(Math.Max(1, span / 8));
                now = Math.Max(now, far);
                int limit = random.Next(4) == 0 ? 2 : int.MaxValue;
                AdvanceBoth(wheel, model, now, limit);
            }

            Assert.Equal(model.Count, wheel.Count);
            Assert.True(model.Count == 0 ? wheel.NextWakeTick == long.MaxValue : wheel.NextWakeTick <= model.First().Key.Due);
        }

        AdvanceBoth(wheel, model, long.MaxValue, int.MaxValue);
        Assert.Equal(0, wheel.Count);
    }

    private static void AdvanceBoth(TimerWheel wheel, SortedDictionary<(long Due, int Number), Node> model, long now, int limit)
    {
        while (true)
        {
            var expected = model.TakeWhile(pair => pair.Key.Due <= now).Take(limit).ToList();
            foreach (var pair in expected)
            {
                model.Remove(pair.Key);
            }

            Assert.Equal(expected.Select(pair => pair.Value.Number), Numbers(wheel.Advance(now, limit)));
            if (expected.Count < limit)
            {
                return;
            }
        }
    }

    private static void AddAndRemoveAll(TimerWheel wheel, Node[] nodes)
    {
        for (int i = 0; i < nodes.Length; i++)
        {
            wheel.Add(nodes[i], i * 1000L);
        }

        foreach (Node node in nodes)
        {
            wheel.Remove(node);
        }
    }

    private static List<int> Numbers(TimerWheelNode? chain)
    {
        List<int> numbers = [];
        for (; chain is not null; chain = chain.Next)
        {
            Assert.False(chain.IsLinked);
            numbers.Add(((Node)chain).Number);
        }

        return numbers;
    }

    private sealed class Node(int number) : TimerWheelNode
    {
        public int Number => number;
    }
}
