using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Pooling;

public sealed class KeyedPoolAcquireTests : KeyedPoolTestBase
{
    [Fact]
    public async Task Acquire_FactoryDelegateFailsWithoutAText_IsToldSo()
    {
        await using var pools = NewKeyed(factory: static _ => throw new SpeechlessException());

        var thrown = await Assert.ThrowsAsync<ResourceInitializationException>(() => Lend(pools, "a"));

        Assert.IsType<SpeechlessException>(thrown.InnerException);
        Assert.Contains(nameof(SpeechlessException), thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Acquire_TwoKeys_LendsOfAPoolOfEach()
    {
        var factories = new Dictionary<string, TestFactory>(StringComparer.Ordinal) { ["a"] = new(), ["b"] = new() };
        await using var pools = NewKeyed(factory: key => factories[key]);

        using var a = await Lend(pools, "a");
        using var b = await Lend(pools, "b");

        Assert.Same(factories["a"], a.Resource.Factory);
        Assert.Same(factories["b"], b.Resource.Factory);
        Assert.Equal(["a", "b"], pools.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(1, pools.GetStatistics("a")!.InUse);
    }

    [Fact]
    public async Task Acquire_SecondTime_LendsTheSameResource()
    {
        await using var pools = NewKeyed();
        var first = await Lend(pools, "a");
        var resource = first.Resource;
        first.Dispose();

        using var second = await Lend(pools, "a");

        Assert.Same(resource, second.Resource);
        Assert.Equal(1, pools.Statistics.Keys);
    }

    [Fact]
    public async Task Acquire_AnotherKeyIsAtItsLimit_IsNotDelayed()
    {
        await using var pools = NewKeyed(options => options.MaxTotal = 5);
        using var first = await Lend(pools, "blocked");
        using var second = await Lend(pools, "blocked");
        var blocked = Enumerable.Range(0, 100).Select(_ => Ask(pools, "blocked")).ToArray();

        for (var round = 0; round < 50; round++)
        {
            (await Lend(pools, "free")).Dispose();
        }

        Assert.All(blocked, static task => Assert.False(task.IsCompleted));
        Assert.Equal((100, 0), (pools.Statistics.Waiting, pools.Statistics.StarvingKeys));
    }

    [Fact]
    public async Task Acquire_CreationOfAnotherKeyHangs_IsNotDelayed()
    {
        var hanging = new TestFactory();
        hanging.Set(Stage.Create, Behaviour.NeverEnds);
        await using var pools = NewKeyed(factory: key => key == "down" ? hanging : Factory);
        var stuck = Enumerable.Range(0, 10).Select(_ => Ask(pools, "down")).ToArray();

        (await Lend(pools, "up")).Dispose();

        Assert.All(stuck, static task => Assert.False(task.IsCompleted));
    }

    [Fact]
    public async Task Acquire_ManyAtOnceForANewKey_AsksForItsFactoryOnce()
    {
        var calls = 0;
        using var gate = new ManualResetEventSlim();
        await using var pools = NewKeyed(
            options => options.PerKey.MaxSize = 20,
            _ =>
            {
                Interlocked.Increment(ref calls);
                gate.Wait(Guard);
                return Factory;
            });
        var asked = Enumerable.Range(0, 10).Select(_ => Task.Run(() => Ask(pools, "a"), Stop)).ToArray();
        await Until(() => Volatile.Read(ref calls) == 1);

        gate.Set();

        var leases = await Task.WhenAll(asked).WaitAsync(Guard, Stop);
        Assert.Equal((1, 10), (calls, leases.Select(lease => lease.Resource).Distinct().Count()));
    }

    [Fact]
    public async Task Acquire_FactoryDelegateHangs_DelaysThatKeyAloneAndOnlyForItsTime()
    {
        using var gate = new ManualResetEventSlim();
        var entered = new TaskCompletionSource();
        await using var pools = NewKeyed(factory: key =>
        {
            if (key == "slow")
            {
                entered.SetResult();
                gate.Wait(Guard);
            }

            return Factory;
        });
        var maker = Task.Run(() => Ask(pools, "slow"), Stop);
        await entered.Task.WaitAsync(Guard, Stop);
        var second = Ask(pools, "slow", TimeSpan.FromSeconds(5));

        (await Lend(pools, "quick")).Dispose();
        await PassTimeUntil(() => second.IsCompleted);

        Assert.Equal(ResourceStage.Create, (await Assert.ThrowsAsync<ResourceTimeoutException>(() => second)).Stage);
        Assert.DoesNotContain("slow", pools.Keys);
        gate.Set();
        (await maker.WaitAsync(Guard, Stop)).Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Acquire_FactoryDelegateFails_TellsWhyAndTheNextTriesAgain(bool isNull)
    {
        var calls = 0;
        await using var pools = NewKeyed(
            options => options.MaxKeys = 1,
            _ => ++calls > 1 ? Factory : isNull ? null! : throw new InvalidOperationException("no such host"));

        var thrown = await Assert.ThrowsAsync<ResourceInitializationException>(() => Lend(pools, "a"));

        Assert.Contains(isNull ? "returned null" : "no such host", thrown.Message, StringComparison.Ordinal);
        Assert.IsType<InvalidOperationException>(thrown.InnerException);
        Assert.Empty(pools.Keys);
        Assert.True(KeyedLog.Has(1302, "Keyed pool hosts"));
        (await Lend(pools, "a")).Dispose();
        Assert.Equal(["a"], pools.Keys);
    }

    [Fact]
    public async Task Acquire_FactoryDelegateFailsWhileOthersWaitForIt_TellsAllOfThem()
    {
        using var gate = new ManualResetEventSlim();
        var calls = 0;
        await using var pools = NewKeyed(factory: _ =>
        {
            Interlocked.Increment(ref calls);
            gate.Wait(Guard);
            throw new InvalidOperationException("no such host");
        });
        var maker = Task.Run(() => Ask(pools, "a"), Stop);
        await Until(() => Volatile.Read(ref calls) == 1);
        var others = Enumerable.Range(0, 5).Select(_ => Ask(pools, "a")).ToArray();

        gate.Set();

        foreach (var task in others.Append(maker))
        {
            await Assert.ThrowsAsync<ResourceInitializationException>(() => task.WaitAsync(Guard, Stop));
        }

        Assert.Equal(1, calls);
    }

    [Fact]
    public async Task Acquire_ConfigureFails_TellsWhy()
    {
        await using var pools = NewKeyed(options =>
        {
            options.MaxTotal = 3;
            options.Configure = static (key, own) =>
            {
                own.MinSize = key == "big" ? 4 : 0;
                own.MaxSize = 4;
            };
        });

        var thrown = await Assert.ThrowsAsync<ResourceInitializationException>(() => Lend(pools, "big"));

        Assert.Contains("MinSize is 4, but must not exceed MaxTotal (3)", thrown.Message, StringComparison.Ordinal);
        (await Lend(pools, "small")).Dispose();
    }

    [Fact]
    public async Task Acquire_Configured_HasTheOptionsOfItsKey()
    {
        await using var pools = NewKeyed(options => options.Configure = static (key, own) =>
        {
            own.MaxSize = key.Length;
            own.Name = "tenant of " + key.Length;
        });
        using var lease = await Lend(pools, "abc");

        Assert.Equal((3, "tenant of 3"), (pools.GetStatistics("abc")!.MaxSize, pools.GetStatistics("abc")!.Name));
        Assert.Equal("tenant of 3", Assert.Single(pools.GetLeases()).Source);
    }

    [Fact]
    public async Task TryAcquire_KeyWithoutAPool_MakesNone()
    {
        await using var pools = NewKeyed();

        Assert.False(pools.TryAcquire("a", out var none));
        Assert.True(none.IsStale);
        Assert.Empty(pools.Keys);

        await MakeIdle(pools, "a");
        Assert.True(pools.TryAcquire("a", out var lease));
        lease.Dispose();
    }

    [Fact]
    public async Task Acquire_Comparer_TellsKeysApart()
    {
        await using var pools = new KeyedResourcePool<string, TestResource>(
            _ => Factory, null, StringComparer.OrdinalIgnoreCase, Time, Monitor);

        (await pools.AcquireAsync("Host")).Dispose();
        (await pools.AcquireAsync("hOST")).Dispose();

        Assert.Single(pools.Keys);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(2)]
    public async Task Acquire_Ready_AllocatesNothing(int? maxTotal)
    {
        await using var pools = NewKeyed(options => options.MaxTotal = maxTotal);
        await MakeIdle(pools, "a");
        for (var round = 0; round < 100; round++)
        {
            (await pools.AcquireAsync("a", Stop)).Dispose();
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var round = 0; round < 1000; round++)
        {
            var asked = pools.AcquireAsync("a", Stop);
            Assert.True(asked.IsCompletedSuccessfully);
            asked.Result.Dispose();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public async Task Acquire_Blocking_IsServedByAReturn()
    {
        await using var pools = new KeyedResourcePool<string, object>(
            _ => ResourceFactory.CreateSync(static () => new object()),
            new KeyedResourcePoolOptions<string> { PerKey = { MaxSize = 1 } });
        var lease = pools.Acquire("a", TimeSpan.FromSeconds(30));
        var blocked = Task.Factory.StartNew(
            () => pools.Acquire("a", Guard), Stop, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        await Until(() => pools.Statistics.Waiting == 1);

        lease.Dispose();

        (await blocked.WaitAsync(Guard, Stop)).Dispose();
    }

    [Fact]
    public async Task Acquire_BlockingWhileAnotherMakesThePool_WaitsForIt()
    {
        using var gate = new ManualResetEventSlim();
        var calls = 0;
        await using var pools = new KeyedResourcePool<string, object>(_ =>
        {
            Interlocked.Increment(ref calls);
            gate.Wait(Guard);
            return ResourceFactory.CreateSync(static () => new object());
        });
        var maker = Task.Run(() => pools.AcquireAsync("a").AsTask(), Stop);
        await Until(() => Volatile.Read(ref calls) == 1);
        Assert.Throws<ResourceTimeoutException>(() => pools.Acquire("a", TimeSpan.FromMilliseconds(1)));
        var blocked = Task.Factory.StartNew(
            () => pools.Acquire("a", Guard), Stop, TaskCreationOptions.LongRunning, TaskScheduler.Default);

        gate.Set();

        (await maker.WaitAsync(Guard, Stop)).Dispose();
        (await blocked.WaitAsync(Guard, Stop)).Dispose();
        Assert.Equal(1, calls);
    }

    [Fact]
    public async Task Acquire_BadArguments_Throws()
    {
        await using var pools = NewKeyed();
        using var canceled = new CancellationTokenSource();
        await canceled.CancelAsync();

        await Assert.ThrowsAsync<ArgumentNullException>(() => Ask(pools, null!));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Ask(pools, "a", TimeSpan.FromSeconds(-5)));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Ask(pools, "a", cancellationToken: canceled.Token));
        Assert.Throws<NotSupportedException>(() => pools.Acquire("a", TimeSpan.Zero));
        Assert.Throws<ArgumentNullException>(() => new KeyedResourcePool<string, TestResource>(null!));
    }

    private sealed class SpeechlessException : Exception
    {
        public override string Message => throw new NotSupportedException("It has no text.");
    }
}
