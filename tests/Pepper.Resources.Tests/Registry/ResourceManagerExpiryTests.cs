using Pepper.Resources.Testing;
using Pepper.Resources.Tests.Lifecycle;

namespace Pepper.Resources.Tests.Registry;

public sealed class ResourceManagerExpiryTests : ManagerTest
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Little = TimeSpan.FromMilliseconds(1);

    private readonly ManualTimeProvider _otherClock = new();

    [Fact]
    public async Task Expiry_ByItself_AtItsTime()
    {
        var resource = New(timeToLive: Minute);
        await Manager.RegisterAsync(resource);

        Time.Advance(Minute - Little);
        Assert.Equal(1, Manager.Count);
        Time.Advance(Little);

        await UntilAsync(() => Manager.Count == 0);
        Assert.Equal(1, resource.Cleanups);
        Assert.Equal(1, Metrics.Count("pepperpy_resource_cleanups_total{reason=expired,type=file}"));
    }

    [Fact]
    public async Task Expiry_WallClockJumps_ChangesNothing()
    {
        await Manager.RegisterAsync(New(timeToLive: Minute));

        Time.SetUtcNow(Time.GetUtcNow().AddHours(1));
        Time.Advance(Minute - Little);
        Assert.Equal(0, await Manager.CleanupExpiredAsync());
        Time.SetUtcNow(Time.GetUtcNow().AddHours(-2));
        Time.Advance(Little);

        await UntilAsync(() => Manager.Count == 0);
    }

    [Fact]
    public async Task Expiry_IsPutOffByUse()
    {
        var resource = New(timeToLive: Minute);
        await Manager.RegisterAsync(resource);
        Time.Advance(Minute / 2);

        (await Manager.AcquireAsync("log")).Dispose();
        Time.Advance(Minute / 2);
        await IdleAsync();
        Assert.Equal(0, resource.Cleanups);
        Time.Advance((Minute / 2) - Little);
        Assert.Equal(0, resource.Cleanups);
        Time.Advance(Little);

        await UntilAsync(() => Manager.Count == 0);
    }

    [Fact]
    public async Task Expiry_WhileHeld_Never_AndCountsFromTheReturn()
    {
        var resource = New(timeToLive: Minute);
        await Manager.RegisterAsync(resource);
        var lease = await Manager.AcquireAsync("log");

        Time.Advance(Minute * 3.5);
        await IdleAsync();
        Assert.Equal(0, await Manager.CleanupExpiredAsync());
        Assert.Equal(0, resource.Cleanups);
        Assert.False(Manager.GetResources()[0].IsExpired);
        lease.Dispose();
        for (var part = 0; part < 4; part++)
        {
            Time.Advance((Minute / 4) - Little);
            await IdleAsync();
        }

        Assert.Equal(0, resource.Cleanups);
        Time.Advance(Little * 4);
        await UntilAsync(() => Manager.Count == 0);
        Assert.Equal(1, resource.Cleanups);
    }

    [Fact]
    public async Task Acquire_Expired_IsNotFoundAndCleansUp()
    {
        var resource = NewOnOtherClock("log", Minute);
        await Manager.RegisterAsync(resource);
        _otherClock.Advance(Minute);

        var thrown = await Assert.ThrowsAsync<ResourceNotFoundException>(async () => await Manager.AcquireAsync("log"));

        Assert.Equal("Resource 'log' cannot be acquired: its TimeToLive (00:01:00) is over.", thrown.Message);
        await UntilAsync(() => Manager.Count == 0);
        Assert.Equal(1, resource.Cleanups);
    }

    [Fact]
    public async Task CleanupExpired_SaysHowManyAndOneFailureStopsNoOther()
    {
        var resources = new[]
        {
            NewOnOtherClock("a", Minute), NewOnOtherClock("b", Minute, () => throw new IOException("disk gone")),
            NewOnOtherClock("c", Minute), NewOnOtherClock("d", Minute * 2), New("e"),
        };
        foreach (var resource in resources)
        {
            await Manager.RegisterAsync(resource);
        }

        _otherClock.Advance(Minute);

        Assert.Equal(3, await Manager.CleanupExpiredAsync());
        Assert.Equal(["d", "e"], Manager.GetResources().Select(resource => resource.Metadata.Id));
        Assert.Equal([1, 1, 1, 0, 0], resources.Select(resource => resource.Cleanups));
        var failed = Assert.Single(Log.Entries, entry => entry.Id == 1001);
        Assert.Equal("b", failed.Fields["Id"]);
        Assert.Equal(0, await Manager.CleanupExpiredAsync());
        Assert.Equal(3, Metrics.Count("pepperpy_resource_cleanups_total{reason=expired,type=file}"));
    }

    [Fact]
    public async Task CleanupExpired_Cancelled_EndsTheWaitAndTheCleanupGoesOn()
    {
        using var cancellation = new CancellationTokenSource();
        var stage = new Stage();
        await Manager.RegisterAsync(NewOnOtherClock("log", Minute, () => stage.RunAsync()));
        _otherClock.Advance(Minute);
        var cleanup = Manager.CleanupExpiredAsync(cancellation.Token);
        await stage.Begun;

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cleanup.WaitAsync(Guard));
        Assert.Equal(1, Manager.Count);
        stage.End();
        await UntilAsync(() => Manager.Count == 0);
    }

    [Fact]
    public async Task Expiry_OfAnEarlierResource_LeavesALaterOneOfTheSameIdAlone()
    {
        var stage = new Stage();
        await Manager.RegisterAsync(New(timeToLive: Minute, cleanUp: () => stage.RunAsync()));
        Time.Advance(Minute / 2);
        var release = Manager.ReleaseAsync("log");
        stage.End();
        await release.WaitAsync(Guard);
        var second = New(timeToLive: Minute);
        await Manager.RegisterAsync(second);

        Time.Advance(Minute - Little);
        await IdleAsync();
        Assert.Equal(0, second.Cleanups);
        Time.Advance(Little);

        await UntilAsync(() => Manager.Count == 0);
        Assert.Equal(1, second.Cleanups);
    }

    [Fact]
    public async Task Expiry_ManyRoundsOfOneId_EachExpiresByItself()
    {
        for (var round = 0; round < 200; round++)
        {
            var resource = New(timeToLive: Minute);

            // The id is free a moment before the one who cleaned up has put everything away.
            while (true)
            {
                try
                {
                    await Manager.RegisterAsync(resource);
                    break;
                }
                catch (DuplicateResourceException)
                {
                    await Task.Yield();
                }
            }

            Time.Advance(Minute);
            await UntilAsync(() => resource.Cleanups == 1);
        }
    }

    /// <summary>One that expires on a clock which the manager's timer does not see: only a call finds it.</summary>
    private ProbeResource NewOnOtherClock(string id, TimeSpan timeToLive, Func<ValueTask>? cleanUp = null) =>
        ProbeResource.Create(id, timeToLive, _otherClock, cleanUp: cleanUp, type: ResourceType.File);

    /// <summary>Until the scheduler has looked at what was due.</summary>
    private Task IdleAsync() => UntilAsync(() => Time.NextTimerDue is not null);
}
