using Microsoft.Win32.SafeHandles;

namespace Pepper.Resources.Files;

/// <summary>
/// An open file that is closed when its last user leaves. A <see cref="SafeFileHandle"/> alone refuses readers from its Dispose
/// on, so an atomic replace would break the reads that are under way on the old file.
/// </summary>
internal sealed class SharedHandle(SafeFileHandle file)
{
    private int _users = 1;
    private int _closed;

    internal SafeFileHandle File { get; } = file;

    internal bool TryEnter()
    {
        var users = Volatile.Read(ref _users);
        while (users > 0)
        {
            var seen = Interlocked.CompareExchange(ref _users, users + 1, users);
            if (seen == users)
            {
                return true;
            }

            users = seen;
        }

        return false;
    }

    internal void Leave()
    {
        if (Interlocked.Decrement(ref _users) == 0)
        {
            File.Dispose();
        }
    }

    /// <summary>Gives up the owner's use; the file is closed as soon as the others have left. Twice is harmless.</summary>
    internal void Close()
    {
        if (Interlocked.Exchange(ref _closed, 1) == 0)
        {
            Leave();
        }
    }
}
