using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Pepper.Cli.Demo;

/// <summary>
/// Lets a token end a statement that is running: the provider's own cancellation only looks at the token before it begins. SQLite
/// asks every so many instructions, so that no moment between two statements is missed, as it would be by
/// <c>sqlite3_interrupt</c>.
/// </summary>
internal sealed class SqliteInterruption : IDisposable
{
    // Well below a millisecond, and a call from native code is not felt.
    private const int InstructionsBetweenLooks = 20_000;
    private readonly sqlite3 _handle;

    /// <summary>Begins; it has to be disposed before the connection closes.</summary>
    internal SqliteInterruption(SqliteConnection connection, CancellationToken cancellationToken)
    {
        _handle = connection.Handle!;
        raw.sqlite3_progress_handler(
            _handle, InstructionsBetweenLooks, _ => cancellationToken.IsCancellationRequested ? 1 : 0, null);
    }

    internal static bool Is(SqliteException failure) => failure.SqliteErrorCode == raw.SQLITE_INTERRUPT;

    public void Dispose() => raw.sqlite3_progress_handler(_handle, 0, null, null);
}
