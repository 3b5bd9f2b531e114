using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading.Channels;

namespace Pepper.IntegrationTests.Cli;

/// <summary>The built <c>pepper demo</c> as a process of its own, with a folder for temporary things of its own.</summary>
internal sealed class DemoProcess : IAsyncDisposable
{
    private static readonly TimeSpan Guard = TimeSpan.FromSeconds(60);
    private readonly TestFolder _folder = new();
    private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _error = new();
    private readonly Process _process;

    private DemoProcess(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = _folder.Path,
        };
        start.Environment["TMPDIR"] = _folder.Path;
        start.Environment["TMP"] = _folder.Path;
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, read) => Receive(_output, read.Data);
        _process.ErrorDataReceived += (_, read) => Receive(_error, read.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    internal string Output => Text(_output);

    internal string Error => Text(_error);

    /// <summary>What the demo has left of its folders.</summary>
    internal string[] Left => Directory.GetFileSystemEntries(_folder.Path, "pepper-demo-*");

    private static string Dll => Path.Combine(AppContext.BaseDirectory, "pepper.dll");

    internal static DemoProcess Start(string arguments) => new("dotnet", [Dll, "demo", .. arguments.Split(' ')]);

    internal static DemoProcess StartIgnoringInterrupts(string arguments) =>
        new("sh", "-c", "trap '' INT; exec dotnet \"$0\" demo $1", Dll, arguments);

    internal static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Waits until the process says something, and gives the line.</summary>
    internal async Task<string> WaitForAsync(string text)
    {
        using var guard = new CancellationTokenSource(Guard);
        try
        {
            await foreach (var line in _lines.Reader.ReadAllAsync(guard.Token))
            {
                if (line.Contains(text, StringComparison.Ordinal))
                {
                    return line;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Told below, with all there is to know.
        }

        throw new InvalidOperationException($"'{text}' was not said. Output: {Output} Error: {Error}");
    }

    internal async Task SignalAsync(string signal, bool mayBeGone = false)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no signals that another process could send.");
        using var kill = Process.Start("kill", $"-{signal} {_process.Id}");
        await kill.WaitForExitAsync().WaitAsync(Guard);
        Assert.True(mayBeGone || kill.ExitCode == 0, $"kill said {kill.ExitCode}.");
    }

    /// <summary>Waits for the end of the process and of all it says.</summary>
    internal async Task<int> WaitForExitAsync(TimeSpan? within = null)
    {
        await _process.WaitForExitAsync().WaitAsync(within ?? Guard);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
        _folder.Dispose();
    }

    private static string Text(StringBuilder text)
    {
        lock (text)
        {
            return text.ToString();
        }
    }

    private void Receive(StringBuilder text, string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (text)
        {
            text.Append(line).Append('\n');
        }

        _lines.Writer.TryWrite(line);
    }
}
