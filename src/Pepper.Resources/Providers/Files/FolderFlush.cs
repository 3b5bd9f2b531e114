using System.Runtime.InteropServices;
using System.Text;

namespace Pepper.Resources.Providers;

/// <summary>
/// Has the disk keep a folder's list of files: without it a file that was renamed may be missing after a power cut, on Unix.
/// Windows keeps its list by itself.
/// </summary>
internal static class FolderFlush
{
    internal static void Flush(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        var file = Open(Encoding.UTF8.GetBytes(folder + '\0'), 0);
        if (file < 0)
        {
            throw Failure(folder);
        }

        try
        {
            if (Sync(file) != 0)
            {
                throw Failure(folder);
            }
        }
        finally
        {
            _ = Close(file);
        }
    }

    private static IOException Failure(string folder) =>
        new($"The folder '{folder}' could not be flushed to the disk: error {Marshal.GetLastPInvokeError()}.");

    [DllImport("libc", EntryPoint = "open", ExactSpelling = true, SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Open(byte[] path, int flags);

    [DllImport("libc", EntryPoint = "fsync", ExactSpelling = true, SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Sync(int file);

    [DllImport("libc", EntryPoint = "close", ExactSpelling = true, SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Close(int file);
}
