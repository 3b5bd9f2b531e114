using System.Diagnostics.CodeAnalysis;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Pepper.Resources.Dashboard;

/// <summary>Shows Pepper's metrics to Prometheus.</summary>
public static class MetricsEndpointExtensions
{
    /// <summary>
    /// Answers GET requests with the metrics of a monitor, in version 0.0.4 of Prometheus' text format. Counters and histograms
    /// count from this call on, hence make it before the application starts; gauges are read at each scrape. Each instrument has
    /// at most 2000 series; further ones are summed up in one labelled <c>otel_metric_overflow="true"</c>.
    /// </summary>
    /// <param name="endpoints">Where the endpoint is added. It stops listening when the host of these has stopped.</param>
    /// <param name="pattern">The path. Default: <c>/metrics</c>.</param>
    /// <param name="monitor">Whose metrics. Default: the container's <see cref="ResourceMonitor"/>, or else
    /// <see cref="ResourceMonitor.Shared"/>.</param>
    /// <returns>The endpoint, to demand authorization of, for instance: the metrics name your pools.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="endpoints"/> or <paramref name="pattern"/> is null.</exception>
    public static IEndpointConventionBuilder MapPepperMetrics(
        this IEndpointRouteBuilder endpoints,
        [StringSyntax("Route")] string pattern = "/metrics",
        ResourceMonitor? monitor = null)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(pattern);
        var services = endpoints.ServiceProvider;
        var watched = monitor ?? services.GetService<ResourceMonitor>() ?? ResourceMonitor.Shared;
        var exporter = new PrometheusExporter(watched.Meter);
        services.GetService<IHostApplicationLifetime>()?.ApplicationStopped.UnsafeRegister(
            static exporter => ((PrometheusExporter)exporter!).Dispose(), exporter);

        return endpoints.MapGet(pattern, (RequestDelegate)(async context =>
        {
            var text = await exporter.ScrapeAsync(context.RequestAborted).ConfigureAwait(false);
            var bytes = Encoding.UTF8.GetBytes(text);
            context.Response.ContentType = PrometheusExporter.ContentType;
            context.Response.ContentLength = bytes.Length;
            await context.Response.Body.WriteAsync(bytes, context.RequestAborted).ConfigureAwait(false);
        })).WithDisplayName("Pepper metrics");
    }
}
