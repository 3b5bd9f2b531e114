using System.Diagnostics;

namespace Pepper.Resources.Sqlite;

/// <summary>
/// The turns that writers of one database take in this process, whichever provider they come from: one may take over from
/// another, and a database has one writer at a time.
/// </summary>
internal sealed class SqliteWriters
{
    private static readonly Files Open = new();

    private readonly SemaphoreSlim _turn = NewTurn();
    private readonly string _path;
    private int _users;

    private SqliteWriters(string path) => _path = path;

    internal static SqliteWriters Enter(string path) => Open.Enter(path);

    /// <summary>To be called once by each who entered.</summary>
    internal void Leave() => Open.Leave(this);

    /// <summary>Waits for one's turn; dispose what is returned to end it.</summary>
    internal async ValueTask<Turn> EnterAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        return new Turn(_turn);
    }

    internal readonly struct Turn(SemaphoreSlim? turn) : IDisposable
    {
        public void Dispose() => turn?.Release();
    }

    // It is never disposed: without a wait handle, which nobody asks it for, there is nothing to give back.
    private static SemaphoreSlim NewTurn() => new(1, 1);

    private sealed class Files
    {
        private readonly Lock _lock = new();
        private readonly Dictionary<string, SqliteWriters> _open = new(StringComparer.Ordinal);

        internal SqliteWriters Enter(string path)
        {
            lock (_lock)
            {
                AssertInvariants_NeedsLock();
                if (!_open.TryGetValue(path, out var writers))
                {
                    writers = new SqliteWriters(path);
                    _open.Add(path, writers);
                }

                writers._users++;
                return writers;
            }
        }

        internal void Leave(SqliteWriters writers)
        {
            lock (_lock)
            {
                AssertInvariants_NeedsLock();
                if (--writers._users == 0)
                {
                    _open.Remove(writers._path);
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
