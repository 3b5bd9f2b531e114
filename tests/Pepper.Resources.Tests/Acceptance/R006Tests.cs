using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Acceptance;

/// <summary>The validation at the end of requirement 006, but for its cache step.</summary>
public sealed class R006Tests
{
    [Fact]
    public async Task Coordinator_AcquireDisposeAcquireCleanup_GivesTheSameInstanceAndLeavesNoPool()
    {
        await using var coordinator = ResourceCoordinator.CreateBuilder()
            .UseMonitor(new ResourceMonitor())
            .AddPool("test", ResourceFactory.Create(static _ => new ValueTask<Box>(new Box())))
            .Build();
        await coordinator.StartAsync();

        var first = await coordinator.AcquireAsync<Box>("test");
        var resource = first.Resource;
        await first.DisposeAsync();
        await using (var second = await coordinator.AcquireAsync<Box>("test"))
        {
            Assert.Same(resource, second.Resource);
        }

        await coordinator.CleanupAsync();
        Assert.Empty(coordinator.Pools);
    }

    private sealed class Box;
}
