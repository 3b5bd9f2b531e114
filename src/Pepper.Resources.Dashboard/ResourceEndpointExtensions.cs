using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Pepper.Resources.Dashboard;

/// <summary>Maps what a coordinator says of itself: health and the snapshot.</summary>
public static class ResourceEndpointExtensions
{
    private const string PlainText = "text/plain; charset=utf-8";

    /// <summary>
    /// Maps <c>/health/live</c>, <c>/health/ready</c> and <c>/api/snapshot</c>. Liveness only says that the process answers: an
    /// outage of a database is no reason to restart its clients. Readiness is read from what is known and leases nothing; it
    /// answers 200 while healthy or degraded, 503 when unhealthy. The snapshot is JSON and holds call sites, but no secrets; put
    /// authorization on the returned group where the endpoint can be reached from outside.
    /// </summary>
    /// <param name="endpoints">Where to map them.</param>
    /// <param name="coordinator">What they show.</param>
    /// <returns>The group of the three, for conventions such as <c>RequireAuthorization</c>.</returns>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    public static RouteGroupBuilder MapPepperResources(this IEndpointRouteBuilder endpoints, ResourceCoordinator coordinator)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(coordinator);
        var group = endpoints.MapGroup(string.Empty);
        group.MapGet("/health/live", static context => WriteAsync(context, StatusCodes.Status200OK, PlainText, "Healthy\n"));
        group.MapGet("/health/ready", context => WriteHealthAsync(context, coordinator.GetHealth()));
        group.MapGet("/api/snapshot", context =>
            WriteAsync(context, StatusCodes.Status200OK, "application/json; charset=utf-8", coordinator.GetSnapshot().ToJson()));
        return group;
    }

    private static Task WriteHealthAsync(HttpContext context, CoordinatorHealth health)
    {
        var status = health.Status == ResourceHealth.Unhealthy
            ? StatusCodes.Status503ServiceUnavailable
            : StatusCodes.Status200OK;
        return WriteAsync(context, status, PlainText, string.Join('\n', [health.Status.ToString(), .. health.Reasons]) + "\n");
    }

    private static Task WriteAsync(HttpContext context, int status, string contentType, string body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = contentType;
        context.Response.Headers.CacheControl = "no-store";
        return context.Response.WriteAsync(body, context.RequestAborted);
    }
}
