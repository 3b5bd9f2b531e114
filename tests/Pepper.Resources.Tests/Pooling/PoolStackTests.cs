using System.Runtime.CompilerServices;
using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Pooling;

/// <summary>Whose stacks are captured, and where they show.</summary>
public sealed class PoolStackTests : PoolTestBase
{
    private static string Asker => $"{typeof(PoolStackTests).FullName}.{nameof(TryAsked)}";

    [Fact]
    public async Task Acquire_Direct_CapturesTheCallersStackWithoutThePoolsFrames()
    {
        await using var pool = NewPool(options => options.StackCapture = 1);
        await (await Lend(pool)).DisposeAsync();

        await using var lease = TryAsked(pool);

        var info = Assert.Single(pool.GetLeases());
        Assert.Equal("captured", info.StackNote);
        Assert.StartsWith($"at {Asker}(", info.Stack!.TrimStart(), StringComparison.Ordinal);
        const string here = nameof(Acquire_Direct_CapturesTheCallersStackWithoutThePoolsFrames);
        Assert.Contains(here, info.Stack, StringComparison.Ordinal);
        Assert.Contains($", stack {Asker}", info.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain('\n', info.ToString());
    }

    [Fact]
    public async Task Acquire_Queued_CapturesTheStackOfTheCallAndNotOfTheDelivery()
    {
        await using var pool = NewPool(options => (options.MaxSize, options.StackCapture) = (1, 1));
        var first = await Lend(pool);
        var waiting = AskedLater(pool);
        ReturnedElsewhere(first);

        await using var lease = await waiting.WaitAsync(Guard, Stop);

        var stack = Assert.Single(pool.GetLeases()).Stack;
        Assert.Contains(nameof(AskedLater), stack, StringComparison.Ordinal);
        Assert.DoesNotContain(nameof(ReturnedElsewhere), stack, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Acquire_WithValidationAndBlocking_CapturesToo()
    {
        var factory = new TestFactory { Hooks = FactoryHooks.Validate };
        await using var pool = NewPool(options => (options.MaxSize, options.StackCapture) = (1, 1), factory);
        await (await Lend(pool)).DisposeAsync();
        await using (await Lend(pool))
        {
            Assert.Contains(nameof(PoolStackTests), Assert.Single(pool.GetLeases()).Stack, StringComparison.Ordinal);
        }

        await using var sync = new ResourcePool<TestResource>(
            ResourceFactory.CreateSync(() => new TestResource(1, Factory)),
            new ResourcePoolOptions { MinSize = 0, MaxSize = 1, StackCapture = 1 }, Time, Monitor);
        using var blocking = sync.Acquire(Guard, Stop);
        const string here = nameof(Acquire_WithValidationAndBlocking_CapturesToo);
        Assert.Contains(here, Assert.Single(sync.GetLeases()).Stack, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Acquire_OneInThree_SaysWhichWereNotSampled()
    {
        await using var pool = NewPool(options => (options.MaxSize, options.StackCapture) = (1, 3));
        List<string> notes = [];
        for (var loan = 0; loan < 6; loan++)
        {
            await using var lease = await Lend(pool);
            var info = Assert.Single(pool.GetLeases());
            Assert.Equal(info.StackNote == "captured", info.Stack is not null);
            notes.Add(info.StackNote);
        }

        const string not = "not sampled (1 in 3)";
        Assert.Equal(["captured", not, not, "captured", not, not], notes);
    }

    [Fact]
    public async Task Acquire_CaptureIsOff_SaysSo()
    {
        await using var pool = NewPool();
        await using var lease = await Lend(pool);

        var info = Assert.Single(pool.GetLeases());

        Assert.Equal((null, "off"), (info.Stack, info.StackNote));
        Assert.DoesNotContain("stack", info.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Exhausted_StackWasCaptured_LongestHoldersShowIt()
    {
        await using var pool = NewPool(options => (options.MaxSize, options.StackCapture) = (1, 1));
        await (await Lend(pool)).DisposeAsync();
        await using var lease = TryAsked(pool);
        var late = Ask(pool);

        Time.Advance(TimeSpan.FromSeconds(31));

        var thrown = await Assert.ThrowsAsync<PoolExhaustedException>(() => late.WaitAsync(Guard, Stop));
        Assert.Contains($", stack {Asker}", thrown.Message, StringComparison.Ordinal);
        Assert.Contains(nameof(TryAsked), Assert.Single(thrown.Holders).Stack, StringComparison.Ordinal);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Lease<TestResource> TryAsked(ResourcePool<TestResource> pool)
    {
        Assert.True(pool.TryAcquire(out var lease));
        return lease;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Task<Lease<TestResource>> AskedLater(ResourcePool<TestResource> pool) =>
        pool.AcquireAsync(CancellationToken.None).AsTask();

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void ReturnedElsewhere(Lease<TestResource> lease) => lease.Dispose();
}
