using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Pepper.Resources;
using Pepper.Resources.Dashboard;

namespace Pepper.Cli.Demo;

/// <summary>
/// The web server beside the demo. It is built from nothing: no settings file of the folder it is started in and no environment
/// variable moves it elsewhere, and it leaves signals and the console alone.
/// </summary>
internal sealed class DemoHost : IAsyncDisposable
{
    private const string Index = """
        pepper demo

        /health/live    whether the process answers
        /health/ready   whether everything can be used: 503 while the database is being made
        /metrics        for Prometheus
        /api/snapshot   pools, resources and who holds what, as JSON

        """;

    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(1);
    private readonly WebApplication _application;

    private DemoHost(WebApplication application) => _application = application;

    /// <summary>Where it listens, with the port that it really has.</summary>
    internal string Address => string.Join(" ", _application.Urls);

    /// <summary>Starts it.</summary>
    /// <exception cref="UsageException">It cannot listen there.</exception>
    internal static async Task<DemoHost> StartAsync(string url, ResourceCoordinator coordinator, ResourceMonitor monitor)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.Configure<HostOptions>(static options => options.ShutdownTimeout = ShutdownTimeout);
        builder.WebHost.UseKestrelCore().UseUrls(url);
        var application = builder.Build();
        application.MapPepperMetrics(monitor: monitor);
        application.MapPepperResources(coordinator);
        application.MapGet("/", static context =>
        {
            context.Response.ContentType = "text/plain; charset=utf-8";
            return context.Response.WriteAsync(Index, context.RequestAborted);
        });
        try
        {
            await application.StartAsync();
            return new DemoHost(application);
        }
        catch (Exception failure)
        {
            await application.DisposeAsync();
            if (failure is IOException or SocketException)
            {
                throw new UsageException($"--urls {url}: {Reason(failure)}", failure);
            }

            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _application.StopAsync();
        await _application.DisposeAsync();
    }

    private static string Reason(Exception failure)
    {
        for (var cause = failure; cause is not null; cause = cause.InnerException)
        {
            if (cause is AddressInUseException or SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse })
            {
                return "the address is in use; choose another with --urls";
            }

            if (cause is SocketException { SocketErrorCode: SocketError.AccessDenied })
            {
                return "the system does not allow this port; choose one above 1023 with --urls";
            }
        }

        return $"cannot listen there: {failure.GetBaseException().Message.ReplaceLineEndings(" ")}; choose another with --urls";
    }

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
