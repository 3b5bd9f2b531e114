using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Pepper.Tests;

/// <summary>
/// A PostgreSQL cluster of one's own: in a temporary folder, on a free port of the loopback, gone at the end. Used by tests and
/// benchmarks, by one caller at a time.
/// </summary>
internal sealed class PostgresCluster : IAsyncDisposable
{
    private const int Attempts = 5;
    private static readonly TimeSpan Guard = TimeSpan.FromSeconds(60);
    private readonly DirectoryInfo _folder;
    private readonly string _programs;
    private PostgresServer? _server;
    private int[] _frozen = [];

    private PostgresCluster(string programs, DirectoryInfo folder, int port)
    {
        _programs = programs;
        _folder = folder;
        Port = port;
    }

    /// <summary>Where the server's programs are; null when it is not installed.</summary>
    internal static string? ProgramsFolder { get; } = FindPrograms();

    internal int Port { get; private set; }

    internal string ConnectionString => $"Host=127.0.0.1;Port={Port};Username=pepper;Database=postgres";

    private string Data => Path.Combine(_folder.FullName, "data");

    /// <summary>Whether <see cref="FreezeServerAsync"/> can find the server's processes here.</summary>
    internal static bool CanFreeze => PostgresProcesses.IsSupported;

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
                await cluster.RunAsync(new ProcessStartInfo("chown", ["postgres", folder.FullName]));
            }

            await cluster.RunAsync(cluster.AsServerUser(
                "initdb", "-D", cluster.Data, "-U", "pepper", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C"));
            await File.AppendAllLinesAsync(Path.Combine(cluster.Data, "postgresql.conf"),
            [
                "listen_addresses = '127.0.0.1'", $"unix_socket_directories = '{folder.FullName}'", "fsync = off",
                $"max_connections = {maxConnections}", "shared_buffers = 64MB", "logging_collector = off",
            ]);
            await cluster.StartOnAFreePortAsync();
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the server, after it was stopped; returns when it takes connections, on the port that it had.</summary>
    internal async Task StartServerAsync()
    {
        if (_server is not null)
        {
            throw new InvalidOperationException("The server runs already.");
        }

        // A child of this process and not of pg_ctl: so it is waited for when it ends, and leaves no defunct process behind
        // where nobody else does that.
        _server = await PostgresServer.StartAsync(
            AsServerUser("postgres", "-D", Data, "-p", Port.ToString(null, null)), Guard);
    }

    /// <summary>Stops the server at once, as a crash would: each connection breaks. Returns when its process has ended.</summary>
    internal async Task StopServerAsync()
    {
        if (_server is { } server)
        {
            _server = null;
            await using (server)
            {
                await ThawServerAsync();
                if (!server.HasExited)
                {
                    await RunAsync(AsServerUser("pg_ctl", "-D", Data, "-m", "immediate", "-W", "stop"));
                    await server.WaitForExitAsync(Guard);
                }
            }
        }
    }

    /// <summary>
    /// As <see cref="StopServerAsync"/>, with nothing before the signal that would take a while.
    /// </summary>
    internal async Task CrashServerAsync()
    {
        if (_server is { } server)
        {
            _server = null;
            await using (server)
            {
                await ThawServerAsync();
                await SignalAsync("QUIT", server.Id);
                await server.WaitForExitAsync(Guard);
            }
        }
    }

    /// <summary>
    /// Stops the server and all its sessions where they are: the system still accepts connections for it, and nobody answers.
    /// </summary>
    internal async Task FreezeServerAsync()
    {
        var server = _server ?? throw new InvalidOperationException("The server does not run.");
        if (_frozen.Length > 0)
        {
            throw new InvalidOperationException("The server is frozen already.");
        }

        // The parent first: from then on there are no new children.
        _frozen = [server.Id];
        await SignalAsync("STOP", server.Id);
        int[] children = [.. PostgresProcesses.Children(server.Id)];
        _frozen = [.. children, server.Id];
        await SignalAsync("STOP", children);
    }

    /// <summary>Lets a frozen server go on; nothing happens to one that is not frozen.</summary>
    internal async Task ThawServerAsync()
    {
        if (_frozen is { Length: > 0 } frozen)
        {
            _frozen = [];
            await SignalAsync("CONT", frozen);
        }
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await StopServerAsync();
        }
        finally
        {
            _folder.Delete(recursive: true);
        }
    }

    private static string? FindPrograms()
    {
        const string debian = "/usr/lib/postgresql";
        var candidates = (Environment.GetEnvironmentVariable("PATH") ?? string.Empty)
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).AsEnumerable();
        if (Directory.Exists(debian))
        {
            var versions = Directory.GetDirectories(debian)
                .OrderByDescending(static folder => int.TryParse(Path.GetFileName(folder), out var version) ? version : 0);
            candidates = candidates.Concat(versions.Select(static version => Path.Combine(version, "bin")));
        }

        string[] programs = ["initdb", "pg_ctl", "postgres"];
        return candidates.FirstOrDefault(folder => programs.All(program => File.Exists(Path.Combine(folder, program))));
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>A port that was free a moment ago may be taken by now: then another one is tried.</summary>
    private async Task StartOnAFreePortAsync()
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await StartServerAsync();
                return;
            }
            catch (InvalidOperationException failure) when (
                attempt < Attempts && failure.Message.Contains("Address already in use", StringComparison.Ordinal))
            {
                Port = FreePort();
            }
        }
    }

    private ProcessStartInfo AsServerUser(string program, params string[] arguments)
    {
        var path = Path.Combine(_programs, program);
        return Environment.UserName == "root"
            ? new ProcessStartInfo(
                "setpriv", ["--reuid=postgres", "--regid=postgres", "--clear-groups", path, .. arguments])
            : new ProcessStartInfo(path, arguments);
    }

    // A shell has the command even where no program of that name is installed.
    private Task SignalAsync(string signal, params int[] processes) => RunAsync(new ProcessStartInfo(
        "sh", ["-c", $"kill -{signal} {string.Join(' ', processes)}"]));

    private async Task RunAsync(ProcessStartInfo start)
    {
        start.RedirectStandardError = start.RedirectStandardOutput = true;
        start.WorkingDirectory = _folder.FullName;
        using var process = Process.Start(start)!;
        try
        {
            var texts = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync())
                .WaitAsync(Guard);
            await process.WaitForExitAsync().WaitAsync(Guard);
            if (process.ExitCode != 0)
            {
                throw new InvalidOperationException(
                    $"{start.FileName} {string.Join(' ', start.ArgumentList)} ended with {process.ExitCode}:\n"
                    + string.Concat(texts));
            }
        }
        finally
        {
            // Nothing happens when it has ended.
            process.Kill(entireProcessTree: true);
        }
    }
}
