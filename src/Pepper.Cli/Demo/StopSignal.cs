using System.Runtime.InteropServices;

namespace Pepper.Cli.Demo;

/// <summary>
/// Ctrl+C, and what else asks a process to end. The first time asks for a clean end and starts a clock; the second time, or when
/// the clock has run out, the process ends at once.
/// </summary>
internal sealed class StopSignal : IDisposable
{
    // Five seconds are promised from the signal to the end of the process, which takes a moment itself.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(4.5);

    private readonly CancellationTokenSource _stop = new();
    private readonly Action<int> _leave;
    private readonly ITimer _clock;
    private readonly List<PosixSignalRegistration> _registrations = [];
    private int _signals;

    /// <summary>Listens from now on.</summary>
    /// <param name="leave">Ends the process at once, with an exit code.</param>
    /// <param name="time">Where the time comes from.</param>
    internal StopSignal(Action<int> leave, TimeProvider time)
    {
        _leave = leave;
        _clock = time.CreateTimer(_ => _leave(ExitCodes.Wrong), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        HearInterrupts();
        foreach (var signal in (PosixSignal[])[PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP])
        {
            _registrations.Add(PosixSignalRegistration.Create(signal, OnSignal));
        }
    }

    /// <summary>Cancelled by the first signal.</summary>
    internal CancellationToken Token => _stop.Token;

    internal void Receive()
    {
        if (Interlocked.Increment(ref _signals) > 1)
        {
            _leave(ExitCodes.Interrupted);
            return;
        }

        _clock.Change(Patience, Timeout.InfiniteTimeSpan);

        // What listens to the token may take its time; the next signal is not to wait for it.
        ThreadPool.UnsafeQueueUserWorkItem(static stop => stop.Cancel(), _stop, preferLocal: false);
    }

    public void Dispose()
    {
        _registrations.ForEach(static registration => registration.Dispose());
        _clock.Dispose();
    }

    /// <summary>
    /// A shell script that starts a program with <c>&amp;</c> lets it ignore SIGINT, and the runtime leaves that as it is.
    /// Whoever sends a SIGINT all the same wants the demo to end.
    /// </summary>
    private static void HearInterrupts()
    {
        const int Interrupt = 2;
        const nint Default = 0;
        if (!OperatingSystem.IsWindows())
        {
            SetHandler(Interrupt, Default);
        }
    }

    [DllImport("libc", EntryPoint = "signal", ExactSpelling = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint SetHandler(int signal, nint handler);

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        Receive();
    }
}
