using System.Runtime.InteropServices;

namespace Pepper.Cli.Demo;

/// <summary>
/// Keeps what SQLite allocates in few places. The C library of most Linux systems gives each thread a heap of its own, up to
/// eight for each processor; connections that wander between threads leave holes in all of them, and the process grows for
/// minutes though nothing is lost.
/// </summary>
internal static class NativeMemory
{
    private const int ArenaMax = -8;

    /// <summary>To be called before there are many threads. Does nothing where the C library is another one.</summary>
    internal static void UseFewHeaps()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        try
        {
            _ = SetOption(ArenaMax, 1);
        }
        catch (EntryPointNotFoundException)
        {
            // Another C library, which has no such heaps.
        }
        catch (DllNotFoundException)
        {
            // The same, under another name.
        }
    }

    [DllImport("libc", EntryPoint = "mallopt", ExactSpelling = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetOption(int option, int value);
}
