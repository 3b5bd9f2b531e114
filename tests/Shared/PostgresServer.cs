using System.Collections.Concurrent;
using System.Diagnostics;

namespace Pepper.Tests;

/// <summary>The process of a PostgreSQL server and the end of its log.</summary>
internal sealed class PostgresServer : IAsyncDisposable
{
    private const int TailLines = 40;
    private readonly Process _process;
    private readonly ConcurrentQueue<string> _tail = [];
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private PostgresServer(Process process) => _process = process;

    internal int Id => _process.Id;

    internal bool HasExited => _process.HasExited;

    /// <summary>Starts the server; returns when it takes connections.</summary>
    internal static async Task<PostgresServer> StartAsync(ProcessStartInfo start, TimeSpan guard)
    {
        start.RedirectStandardError = true;

        // Elsewhere than in the folder of whoever runs the tests, which the server's user need not be allowed to enter.
        start.WorkingDirectory = Path.GetTempPath();
        var server = new PostgresServer(new Process { StartInfo = start });
        try
        {
            server._process.ErrorDataReceived += (_, line) => server.Note(line.Data);
            server._process.Start();
            server._process.BeginErrorReadLine();
            await server.WaitForReadyAsync(guard);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    internal async Task WaitForExitAsync(TimeSpan guard)
    {
        try
        {
            await _process.WaitForExitAsync().WaitAsync(guard);
        }
        catch (TimeoutException timeout)
        {
            throw new InvalidOperationException($"The PostgreSQL server did not end within {guard}:\n{Tail()}", timeout);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (IsStarted() && !_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private bool IsStarted()
    {
        try
        {
            return _process.Id > 0;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private async Task WaitForReadyAsync(TimeSpan guard)
    {
        var exit = _process.WaitForExitAsync();
        try
        {
            await Task.WhenAny(_ready.Task, exit).WaitAsync(guard);
        }
        catch (TimeoutException timeout)
        {
            throw new InvalidOperationException($"The PostgreSQL server was not ready within {guard}:\n{Tail()}", timeout);
        }

        if (!_ready.Task.IsCompleted)
        {
            throw new InvalidOperationException($"The PostgreSQL server ended with {_process.ExitCode}:\n{Tail()}");
        }
    }

    private void Note(string? line)
    {
        if (line is null)
        {
            return;
        }

        _tail.Enqueue(line);
        if (_tail.Count > TailLines)
        {
            _tail.TryDequeue(out _);
        }

        if (line.Contains("database system is ready to accept connections", StringComparison.Ordinal))
        {
            _ready.TrySetResult();
        }
    }

    private string Tail() => string.Join('\n', _tail);
}
