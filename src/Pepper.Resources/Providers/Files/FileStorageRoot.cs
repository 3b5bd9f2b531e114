using System.Diagnostics;

namespace Pepper.Resources.Providers;

/// <summary>
/// A folder of entries, which all storages of this process on it share, so that one can take over from another: the lock that
/// keeps other processes out, and the turns that writers of a key take.
/// </summary>
internal sealed class FileStorageRoot
{
    private const int Stripes = 64;
    private static readonly Roots Shared = new();

    private readonly SemaphoreSlim[] _turns = [.. Enumerable.Range(0, Stripes).Select(static _ => new SemaphoreSlim(1, 1))];
    private readonly FileStream _lock;
    private int _users;

    private FileStorageRoot(string path)
    {
        Folder = path;
        Entries = Path.Combine(path, "entries");
        Unfinished = Path.Combine(path, "unfinished");
        Directory.CreateDirectory(path);
        _lock = TakeLock(Path.Combine(path, "lock"));
        try
        {
            Directory.CreateDirectory(Entries);
            Directory.CreateDirectory(Unfinished);
            ThrowIfLinked();
            foreach (var file in Directory.EnumerateFiles(Unfinished))
            {
                // Nobody else has the folder, so nobody is writing it.
                File.Delete(file);
            }
        }
        catch
        {
            _lock.Dispose();
            throw;
        }
    }

    internal string Folder { get; }

    /// <summary>The folder of the entries' files.</summary>
    internal string Entries { get; }

    /// <summary>
    /// The folder of files that are being written; it is on the same file system, so that a rename is one step.
    /// </summary>
    internal string Unfinished { get; }

    /// <exception cref="IOException">It cannot be used, or another process has it.</exception>
    internal static FileStorageRoot Open(string path) =>
        Shared.Enter(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)));

    /// <summary>To be called once by each who opened it.</summary>
    internal void Close() => Shared.Leave(this);

    /// <summary>Whose turn it is to change an entry: dispose what is returned to end the turn.</summary>
    internal async ValueTask<Turn> EnterAsync(ReadOnlyMemory<byte> key, CancellationToken cancellationToken)
    {
        var hash = new HashCode();
        hash.AddBytes(key.Span);
        var turn = _turns[(uint)hash.ToHashCode() % Stripes];
        await turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        return new Turn(turn);
    }

    /// <summary>A link in the place of one of our folders would lead out of the root.</summary>
    /// <exception cref="IOException">One is a link, or gone.</exception>
    internal void ThrowIfLinked()
    {
        foreach (var folder in (ReadOnlySpan<string>)[Entries, Unfinished])
        {
            var attributes = File.GetAttributes(folder);
            if (attributes.HasFlag(FileAttributes.ReparsePoint) || !attributes.HasFlag(FileAttributes.Directory))
            {
                throw new IOException($"'{folder}' is no folder, or a link that leads elsewhere: it is not followed.");
            }
        }
    }

    private static FileStream TakeLock(string path)
    {
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1);
        }
        catch (IOException failure)
        {
            throw new IOException(
                $"The lock '{path}' cannot be taken: another process uses this folder. {failure.Message}", failure);
        }
    }

    internal readonly struct Turn(SemaphoreSlim turn) : IDisposable
    {
        public void Dispose() => turn.Release();
    }

    /// <summary>Those that this process has open.</summary>
    private sealed class Roots
    {
        private readonly Lock _lock = new();
        private readonly Dictionary<string, FileStorageRoot> _open = new(StringComparer.Ordinal);

        internal FileStorageRoot Enter(string path)
        {
            // Opening takes the folder's lock, a matter of microseconds that happens once: it is done under ours, so that two
            // who open at once get the same.
            lock (_lock)
            {
                AssertInvariants_NeedsLock();
                if (!_open.TryGetValue(path, out var root))
                {
                    root = new FileStorageRoot(path);
                    _open.Add(path, root);
                }

                root._users++;
                return root;
            }
        }

        internal void Leave(FileStorageRoot root)
        {
            lock (_lock)
            {
                AssertInvariants_NeedsLock();
                if (--root._users == 0)
                {
                    _open.Remove(root.Folder);
                    root._lock.Dispose();
                }
            }
        }

        [Conditional("DEBUG")]
        private void AssertInvariants_NeedsLock()
        {
            Debug.Assert(_lock.IsHeldByCurrentThread, "The lock must be held.");
            Debug.Assert(_open.All(static pair => pair.Value._users > 0), "What is open has users.");
        }
    }
}
