using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;
using Pepper.Resources;
using Pepper.Resources.Dashboard;
using Pepper.Resources.Pooling;

namespace Pepper.IntegrationTests.Dashboard;

public sealed class ResourceEndpointTests
{
    [Fact]
    public async Task Live_InEveryState_AnswersOk()
    {
        await using var coordinator = NewCoordinator();
        await using var server = await Server.StartAsync(coordinator);
        Assert.Equal(HttpStatusCode.OK, (await server.Client.GetAsync("/health/live")).StatusCode);
        await coordinator.CleanupAsync();
        Assert.Equal(HttpStatusCode.OK, (await server.Client.GetAsync("/health/live")).StatusCode);
    }

    [Fact]
    public async Task Ready_FollowsTheCoordinator()
    {
        await using var coordinator = NewCoordinator();
        await using var server = await Server.StartAsync(coordinator);

        using var before = await server.Client.GetAsync("/health/ready");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, before.StatusCode);
        Assert.Equal("Unhealthy\nThe coordinator is Created.\n", await before.Content.ReadAsStringAsync());

        await coordinator.StartAsync();
        using var running = await server.Client.GetAsync("/health/ready");
        Assert.Equal(HttpStatusCode.OK, running.StatusCode);
        Assert.Equal("Healthy\n", await running.Content.ReadAsStringAsync());

        coordinator.Pools["things"].Pause();
        using var paused = await server.Client.GetAsync("/health/ready");
        Assert.Equal(HttpStatusCode.OK, paused.StatusCode);
        Assert.Equal("Degraded\nPool 'things' is paused.\n", await paused.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Ready_WhenThePoolIsFull_LeasesNothing()
    {
        await using var coordinator = NewCoordinator();
        await using var server = await Server.StartAsync(coordinator);
        await coordinator.StartAsync();
        await using var lease = await coordinator.AcquireAsync<object>("things");

        using var ready = await server.Client.GetAsync("/health/ready");

        Assert.Equal(HttpStatusCode.OK, ready.StatusCode);
        Assert.Equal(1, coordinator.Pools["things"].Statistics.Acquired);
    }

    [Fact]
    public async Task Snapshot_IsJsonOfWhatIsHeldNow()
    {
        await using var coordinator = NewCoordinator();
        await using var server = await Server.StartAsync(coordinator);
        await coordinator.StartAsync();
        await using var lease = await coordinator.AcquireAsync<object>("things");

        using var response = await server.Client.GetAsync("/api/snapshot");
        using var json = JsonDocument.Parse(await response.Content.ReadAsStringAsync());

        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
        Assert.True(response.Headers.CacheControl?.NoStore);
        var pool = Assert.Single(json.RootElement.GetProperty("pools").EnumerateArray());
        Assert.Equal("things", pool.GetProperty("statistics").GetProperty("name").GetString());
        Assert.Equal(1, pool.GetProperty("statistics").GetProperty("inUse").GetInt32());
        var callSite = pool.GetProperty("leases")[0].GetProperty("callSite");
        Assert.Equal("ResourceEndpointTests.cs", callSite.GetProperty("file").GetString());
    }

    private static ResourceCoordinator NewCoordinator() =>
        ResourceCoordinator.CreateBuilder()
            .UseMonitor(new ResourceMonitor())
            .AddPool("things", static _ => new ValueTask<object>(new object()), new ResourcePoolOptions { MaxSize = 1 })
            .Build();

    private sealed class Server(WebApplication application) : IAsyncDisposable
    {
        internal HttpClient Client { get; } = new() { BaseAddress = new Uri(application.Urls.Single()) };

        internal static async Task<Server> StartAsync(ResourceCoordinator coordinator)
        {
            var builder = WebApplication.CreateSlimBuilder(["--urls=http://127.0.0.1:0"]);
            builder.Logging.ClearProviders();
            var application = builder.Build();
            application.MapPepperResources(coordinator);
            await application.StartAsync();
            return new Server(application);
        }

        public async ValueTask DisposeAsync()
        {
            Client.Dispose();
            await application.DisposeAsync();
        }
    }
}
