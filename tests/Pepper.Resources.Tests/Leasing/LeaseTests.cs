using Pepper.Resources.Pooling;
using Pepper.Resources.Tests.Pooling;

namespace Pepper.Resources.Tests.Leasing;

public sealed class LeaseTests : PoolTestBase
{
    [Fact]
    public async Task Dispose_Twice_DoesNotTouchTheNextHolder()
    {
        await using var pool = NewPool(options => options.MaxSize = 1);
        var first = await Lend(pool);
        first.Dispose();
        var second = await Lend(pool);

        first.Dispose();
        await first.DisposeAsync();

        Assert.True(first.IsStale);
        Assert.False(second.IsStale);
        Assert.False(pool.TryAcquire(out _));
    }

    [Fact]
    public async Task Copies_OneIsDisposed_AllAreStale()
    {
        await using var pool = NewPool();
        var lease = await Lend(pool);
        var copy = lease;

        copy.Dispose();

        Assert.True(lease.IsStale);
        var thrown = Assert.Throws<ObjectDisposedException>(() => lease.Resource);
        Assert.Contains("pool 'orders'", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task StaleCopy_Invalidate_DoesNotTouchTheNextHolder()
    {
        await using var pool = NewPool(options => options.MaxSize = 1);
        var first = await Lend(pool);
        first.Dispose();
        var second = await Lend(pool);

        first.Invalidate();
        Assert.Throws<ObjectDisposedException>(() => first.Detach());
        Assert.Throws<ObjectDisposedException>(() => first.As<object>());
        second.Dispose();

        Assert.Equal(1, pool.Statistics.Idle);
    }

    [Fact]
    public async Task Default_Lease_IsStaleAndHarmless()
    {
        Lease<string> none = default;

        none.Dispose();
        await none.DisposeAsync();
        none.Invalidate();

        Assert.True(none.IsStale);
        Assert.Throws<ObjectDisposedException>(() => none.Resource);
        Assert.Throws<ObjectDisposedException>(() => none.Detach());
        Assert.Throws<ObjectDisposedException>(() => none.As<object>());
        Assert.Equal(default, none);
        Assert.Equal(default(Lease<string>).GetHashCode(), none.GetHashCode());
    }

    [Fact]
    public async Task Equality_CopiesOfOneLoan_AreEqualAndOthersAreNot()
    {
        await using var pool = NewPool();
        var leases = await Lend(pool, 2);
        var copy = leases[0];

        Assert.True(copy == leases[0]);
        Assert.True(copy.Equals((object)leases[0]));
        Assert.Equal(copy.GetHashCode(), leases[0].GetHashCode());
        Assert.True(leases[0] != leases[1]);
        leases[0].Dispose();
        var again = await Lend(pool);
        Assert.Same(Factory.Made.First(), again.Resource);
        Assert.NotEqual(copy, again);
        Assert.False(copy.Equals("lease"));
    }

    [Fact]
    public async Task As_OtherType_IsTheSameLoan()
    {
        await using var pool = NewPool();
        var lease = await Lend(pool);

        var other = lease.As<object>();

        Assert.Same(lease.Resource, other.Resource);
        var thrown = Assert.Throws<InvalidCastException>(() => lease.As<string>());
        Assert.Contains("TestResource", thrown.Message, StringComparison.Ordinal);
        other.Dispose();
        Assert.True(lease.IsStale);
    }

    [Fact]
    public async Task Detach_Invalidated_GivesTheResourceAllTheSame()
    {
        await using var pool = NewPool();
        var lease = await Lend(pool);
        var resource = lease.Resource;
        lease.Invalidate();

        Assert.Same(resource, lease.Detach());

        Assert.Throws<ObjectDisposedException>(() => lease.Detach());
        lease.Dispose();
        Assert.Equal(0, resource.Destroyed);
        Assert.Equal(0, pool.Statistics.Size);
    }

    [Fact]
    public async Task Factory_Lease_ReturnsOnceWithWhetherItIsBroken()
    {
        List<(string Resource, bool IsBroken)> returned = [];
        var good = LeaseFactory.Create("good", Note);
        var bad = LeaseFactory.Create("bad", Note);
        var detached = LeaseFactory.Create("detached", Note);
        bad.Invalidate();
        bad.Invalidate();

        Assert.Equal("bad", bad.Resource);
        good.Dispose();
        good.Dispose();
        await bad.DisposeAsync();
        Assert.Equal("detached", detached.Detach());
        detached.Dispose();

        Assert.Equal([("good", false), ("bad", true)], returned);
        Assert.Throws<ObjectDisposedException>(() => good.Resource);
        Assert.Throws<ObjectDisposedException>(() => detached.Detach());

        ValueTask Note(string resource, bool isBroken)
        {
            returned.Add((resource, isBroken));
            return default;
        }
    }

    [Fact]
    public async Task Factory_LeaseWhoseReturnThrows_NeverThrows()
    {
        var sync = LeaseFactory.Create("x", (_, _) => throw new InvalidOperationException("broken"));
        var later = LeaseFactory.Create("x", async (_, _) =>
        {
            await Task.Yield();
            throw new InvalidOperationException("broken");
        });
        var plain = LeaseFactory.Create("x");

        sync.Dispose();
        await later.DisposeAsync();
        plain.Dispose();

        Assert.True(sync.IsStale && later.IsStale && plain.IsStale);
        Assert.Throws<ArgumentNullException>(() => LeaseFactory.Create<string>(null!));
    }

    [Fact]
    public async Task Dispose_FromManyThreads_EndsTheLoanOnce()
    {
        var returns = 0;
        for (var round = 0; round < 500; round++)
        {
            var lease = LeaseFactory.Create("x", (_, _) =>
            {
                Interlocked.Increment(ref returns);
                return default;
            });
            await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(lease.Dispose, Stop))).WaitAsync(Guard, Stop);
        }

        Assert.Equal(500, returns);
    }
}
