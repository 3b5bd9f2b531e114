using Pepper.Resources.Testing;
using Pepper.Resources.Tests.Lifecycle;

namespace Pepper.Resources.Tests.Leasing;

public sealed class SharedSlotTests
{
    private readonly ManualTimeProvider _time = new();
    private readonly ProbeResource _resource = ProbeResource.Create("log");

    [Fact]
    public void Lend_ToMany_AllHaveTheSameResource()
    {
        var slot = NewSlot();

        var leases = Enumerable.Range(0, 5).Select(_ => Lend(slot)).ToList();

        Assert.All(leases, lease => Assert.Same(_resource, lease.Resource));
        Assert.Equal(5, leases.Distinct().Count());
        Assert.Equal(5, slot.Count);
    }

    [Fact]
    public async Task State_FollowsTheLoans_InUseWhileThereIsOne()
    {
        var slot = NewSlot();
        Assert.Equal(ResourceState.Initialized, _resource.State);
        var one = Lend(slot);
        var other = Lend(slot);
        Assert.Equal(ResourceState.InUse, _resource.State);

        await one.DisposeAsync();
        Assert.Equal(ResourceState.InUse, _resource.State);
        other.Dispose();
        Assert.Equal(ResourceState.Idle, _resource.State);
        Lend(slot).Dispose();
        Assert.Equal(ResourceState.Idle, _resource.State);
    }

    [Fact]
    public void Resource_OfAStaleCopy_Throws()
    {
        var slot = NewSlot();
        var lease = Lend(slot);
        var copy = lease;
        lease.Dispose();

        Assert.True(copy.IsStale);
        var thrown = Assert.Throws<ObjectDisposedException>(() => copy.Resource);
        Assert.Contains("resource 'log'", thrown.Message, StringComparison.Ordinal);
        Assert.Throws<ObjectDisposedException>(() => copy.Detach());
        Assert.Throws<ObjectDisposedException>(() => copy.As<Resource>());
        copy.Invalidate();
        Assert.False(slot.IsClosed);
    }

    [Fact]
    public void Dispose_StaleCopy_DoesNotEndTheLoanThatUsesItsPlaceAgain()
    {
        var slot = NewSlot();
        var stale = Lend(slot);
        stale.Dispose();
        var next = Lend(slot);
        Assert.Same(stale.Slot, next.Slot);

        stale.Dispose();
        stale.Invalidate();

        Assert.False(next.IsStale);
        Assert.Same(_resource, next.Resource);
        Assert.Equal(1, slot.Count);
        Assert.NotEqual(stale, next);
    }

    [Fact]
    public void Dispose_CopiesOfOneLeaseFromTwoThreads_EndOneLoanOnly()
    {
        var slot = NewSlot();
        var holder = Lend(slot);
        for (var round = 0; round < 500; round++)
        {
            var lease = Lend(slot);
            RacePair.Run(() => lease.Dispose(), () => lease.Dispose());

            Assert.Equal(1, slot.Count);
            Assert.Same(_resource, holder.Resource);
        }
    }

    [Fact]
    public async Task Default_IsHarmless()
    {
        Lease<Resource> lease = default;

        lease.Dispose();
        await lease.DisposeAsync();
        lease.Invalidate();

        Assert.True(lease.IsStale);
        Assert.Throws<ObjectDisposedException>(() => lease.Resource);
        Assert.Throws<ObjectDisposedException>(() => lease.Detach());
    }

    [Fact]
    public void Invalidate_GivesNobodyNewTheResource_AndEndsAfterTheLast()
    {
        List<Exception?> told = [];
        var slot = NewSlot(told.Add);
        var one = Lend(slot);
        var other = Lend(slot);
        var cause = new IOException("broken");

        one.Invalidate(cause);
        one.Invalidate();
        other.Invalidate();

        Assert.Equal([cause], told);
        Assert.Null(slot.TryLend(CallSite.Unknown, null, out _));
        Assert.Same(_resource, one.Resource);
        Assert.Equal(ResourceState.InUse, _resource.State);
        one.Dispose();
        Assert.True(one.IsStale);
        Assert.False(slot.Drained.IsCompleted);
        other.Dispose();
        Assert.True(slot.Drained.IsCompleted);
        Assert.Equal(ResourceState.Failed, _resource.State);
    }

    [Fact]
    public void Detach_Shared_IsNotSupported()
    {
        var slot = NewSlot();
        var lease = Lend(slot);

        var thrown = Assert.Throws<NotSupportedException>(() => lease.Detach());

        Assert.Contains("resource 'log'", thrown.Message, StringComparison.Ordinal);
        Assert.Equal(1, slot.Count);
        Assert.False(lease.IsStale);
    }

    [Fact]
    public void As_AnotherType_IsTheSameLoan()
    {
        var slot = NewSlot();
        var lease = Lend(slot);

        var probe = lease.As<ProbeResource>();
        Assert.Same(_resource, probe.Resource);
        Assert.Throws<InvalidCastException>(() => lease.As<string>());
        probe.Dispose();

        Assert.True(lease.IsStale);
        Assert.Equal(0, slot.Count);
    }

    [Fact]
    public void Close_WithHolders_DrainsWithTheLast()
    {
        var slot = NewSlot();
        var one = Lend(slot);
        var other = Lend(slot);

        Assert.True(slot.Close("first"));
        Assert.False(slot.Close("second"));
        Assert.Equal("first", slot.Reason);
        Assert.Null(slot.TryLend(CallSite.Unknown, null, out _));
        one.Dispose();
        Assert.False(slot.Drained.IsCompleted);
        other.Dispose();

        Assert.True(slot.Drained.IsCompleted);
        Assert.Equal(ResourceState.Idle, _resource.State);
    }

    [Fact]
    public void TryCloseIfIdle_HeldOrConditionFalse_StaysOpen()
    {
        var slot = NewSlot();
        var lease = Lend(slot);
        Assert.False(slot.TryCloseIfIdle("expired", () => true));
        lease.Dispose();
        Assert.False(slot.TryCloseIfIdle("expired", () => false));
        Assert.False(slot.IsClosed);

        Assert.True(slot.TryCloseIfIdle("expired", () => true));
        Assert.False(slot.TryCloseIfIdle("expired", () => true));
        Assert.True(slot.Drained.IsCompleted);
    }

    [Fact]
    public async Task TryLend_ResourceInNoStateForIt_LendsNothing()
    {
        var slot = NewSlot();
        await _resource.DisposeAsync();

        Assert.Null(slot.TryLend(CallSite.Unknown, null, out var token));
        Assert.Equal(0, token);
        Assert.Equal(0, slot.Count);
    }

    [Fact]
    public void GetLeases_SaysWhoSinceWhenLongestFirst()
    {
        var slot = NewSlot();
        var first = slot.TryLend(new CallSite("One", "A.cs", 1), "trace-1", out var token)!;
        _time.Advance(TimeSpan.FromSeconds(2));
        slot.TryLend(new CallSite("Two", "B.cs", 2), null, out _);
        _time.Advance(TimeSpan.FromSeconds(1));

        var leases = slot.GetLeases("log");

        Assert.Equal(["One (A.cs:1), for 3 s, trace trace-1", "Two (B.cs:2), for 1 s"], leases.Select(lease => lease.ToString()));
        Assert.All(leases, lease => Assert.Equal("log", lease.Source));
        Assert.Equal(_time.GetUtcNow().AddSeconds(-3), leases[0].Since);
        first.Return(token);
        Assert.Equal("Two", Assert.Single(slot.GetLeases("log")).CallSite.Member);
    }

    [Fact]
    public void Return_IsAUse_TimeToLiveCountsFromIt()
    {
        var resource = ProbeResource.Create("log", TimeSpan.FromSeconds(10), _time);
        Assert.True(resource.Lifecycle.TryInitialize());
        var slot = new SharedSlot(resource, "resource 'log'", resource, _time);
        var lease = new Lease<Resource>(slot.TryLend(CallSite.Unknown, null, out var token)!, token);
        _time.Advance(TimeSpan.FromMinutes(5));
        Assert.False(resource.IsExpired);

        lease.Dispose();

        Assert.False(resource.IsExpired);
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.True(resource.IsExpired);
    }

    [Fact]
    public void Stress_StaleCopiesFromManyThreads_NeverEndAnothersLoan()
    {
        var slot = NewSlot();
        var published = new Published[16];
        Array.Fill(published, new Published(default));
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        RealThreads.Run(4, thread =>
        {
            var random = new Random(thread);
            while (!stop.IsCancellationRequested)
            {
                var mine = Lend(slot);

                // Copies of earlier loans, whose places are used again by now, are ended by anybody; this one nobody knows yet.
                Volatile.Read(ref published[random.Next(published.Length)]).Lease.Dispose();
                Assert.False(mine.IsStale);
                Assert.Same(_resource, mine.Resource);

                // From now on anybody may end it, this thread too.
                Volatile.Write(ref published[random.Next(published.Length)], new Published(mine));
                mine.Dispose();
                Assert.True(mine.IsStale);
            }
        });

        Assert.Equal(0, slot.Count);
        Assert.Empty(slot.GetLeases("log"));
        Assert.Equal(ResourceState.Idle, _resource.State);
        Assert.True(slot.Close());
        Assert.True(slot.Drained.IsCompleted);
    }

    private SharedSlot NewSlot(Action<Exception?>? onInvalidated = null)
    {
        Assert.True(_resource.Lifecycle.TryInitialize());
        return new SharedSlot(_resource, "resource 'log'", _resource, _time, onInvalidated);
    }

    private static Lease<Resource> Lend(SharedSlot slot) => new(slot.TryLend(CallSite.Unknown, null, out var token)!, token);

    private sealed record Published(Lease<Resource> Lease);
}
