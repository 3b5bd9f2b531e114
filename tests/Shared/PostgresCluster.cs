using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Pepper.Tests;

/// <summary>
/// A PostgreSQL cluster of one's own: in a temporary folder, on a free port of the loopback, gone at the end. Used by tests and
/// benchmarks.
/// </summary>
internal sealed class PostgresCluster : IAsyncDisposable
{
    private readonly DirectoryInfo _folder;
    private readonly string _programs;

    private PostgresCluster(string programs, DirectoryInfo folder, int port)
    {
        _programs = programs;
        _folder = folder;
        Port = port;
    }

    /// <summary>Where the server's programs are; null when it is not installed.</summary>
    internal static string? ProgramsFolder { get; } = FindPrograms();

    internal int Port { get; }

    internal string ConnectionString => $"Host=127.0.0.1;Port={Port};Username=pepper;Database=postgres";

    internal static async Task<PostgresCluster> StartAsync(int maxConnections = 100)
    {
        var programs = ProgramsFolder ?? throw new InvalidOperationException("PostgreSQL's server programs are not installed.");
        var folder = Directory.CreateTempSubdirectory("pepper-postgres-");
        var cluster = new PostgresCluster(programs, folder, FreePort());
        try
        {
            if (Environment.UserName == "root")
            {
                // The server refuses to run as root; the package brings a user for it.
                await cluster.RunAsync("chown", ["postgres", folder.FullName]);
            }

            var data = Path.Combine(folder.FullName, "data");
            await cluster.RunAsServerUserAsync(
                "initdb", ["-D", data, "-U", "pepper", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C"]);
            await File.AppendAllLinesAsync(Path.Combine(data, "postgresql.conf"),
            [
                $"port = {cluster.Port}", "listen_addresses = '127.0.0.1'", $"unix_socket_directories = '{folder.FullName}'",
                "fsync = off", $"max_connections = {maxConnections}", "shared_buffers = 64MB",
            ]);
            await cluster.StartServerAsync();
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    internal Task StartServerAsync() => RunAsServerUserAsync(
        "pg_ctl", ["-D", Data, "-l", Path.Combine(_folder.FullName, "log"), "-w", "-t", "60", "start"]);

    internal Task StopServerAsync() => RunAsServerUserAsync("pg_ctl", ["-D", Data, "-m", "immediate", "-w", "-t", "60", "stop"]);

    public async ValueTask DisposeAsync()
    {
        try
        {
            if (File.Exists(Path.Combine(Data, "postmaster.pid")))
            {
                await StopServerAsync();
            }
        }
        finally
        {
            _folder.Delete(recursive: true);
        }
    }

    private string Data => Path.Combine(_folder.FullName, "data");

    private static string? FindPrograms()
    {
        const string debian = "/usr/lib/postgresql";
        var candidates = (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(Path.PathSeparator).AsEnumerable();
        if (Directory.Exists(debian))
        {
            var versions = Directory.GetDirectories(debian).OrderDescending();
            candidates = candidates.Concat(versions.Select(static version => Path.Combine(version, "bin")));
        }

        return candidates.FirstOrDefault(static folder => File.Exists(Path.Combine(folder, "initdb")));
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private Task RunAsServerUserAsync(string program, string[] arguments)
    {
        var path = Path.Combine(_programs, program);
        return Environment.UserName == "root"
            ? RunAsync("setpriv", ["--reuid=postgres", "--regid=postgres", "--clear-groups", path, .. arguments])
            : RunAsync(path, arguments);
    }

    private async Task RunAsync(string program, string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            WorkingDirectory = _folder.FullName,
            UseShellExecute = false,
        })!;

        // The server inherits the pipes and keeps them open, so the end of the output is not the end of the program.
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}.");
        }
    }
}
