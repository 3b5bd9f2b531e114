using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Pepper.Resources;
using Pepper.Resources.Dashboard;

namespace Pepper.IntegrationTests.Dashboard;

/// <summary>A real server on a free port of the loopback, with nothing but the metrics of a monitor of its own.</summary>
internal sealed class MetricsServer : IAsyncDisposable
{
    private readonly WebApplication _application;

    private MetricsServer(WebApplication application, ResourceMonitor monitor)
    {
        _application = application;
        Monitor = monitor;
        Client = new HttpClient { BaseAddress = new Uri(application.Urls.Single()), Timeout = TimeSpan.FromSeconds(30) };
    }

    internal ResourceMonitor Monitor { get; }

    internal HttpClient Client { get; }

    internal static async Task<MetricsServer> StartAsync(
        Action<ResourceMonitor>? beforeItListens = null, bool fromContainer = false)
    {
        var monitor = new ResourceMonitor();
        beforeItListens?.Invoke(monitor);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        if (fromContainer)
        {
            builder.Services.AddSingleton(monitor);
        }

        var application = builder.Build();
        application.MapPepperMetrics(monitor: fromContainer ? null : monitor);
        await application.StartAsync();
        return new MetricsServer(application, monitor);
    }

    internal Task<string> ScrapeAsync() => Client.GetStringAsync(new Uri("/metrics", UriKind.Relative));

    internal Task StopAsync() => _application.StopAsync();

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _application.DisposeAsync();
        Monitor.Dispose();
    }
}
