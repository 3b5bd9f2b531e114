using System.Diagnostics;

namespace Pepper.Benchmarks;

/// <summary>How far one client is with one piece of work. Others may look when it began to ask.</summary>
internal sealed class OutageUse
{
    private long _askedAt;
    private long _hadAt;

    /// <summary>When the client asked for the first time; 0 when it has no work under way.</summary>
    internal long AskedAt => Volatile.Read(ref _askedAt);

    internal bool HasConnection => _hadAt != 0;

    /// <summary>A connection is asked for: not the first time where the peer tries again.</summary>
    internal void Ask()
    {
        _hadAt = 0;
        if (_askedAt == 0)
        {
            Volatile.Write(ref _askedAt, Stopwatch.GetTimestamp());
        }
    }

    internal void Have() => _hadAt = Stopwatch.GetTimestamp();

    /// <summary>The work is done, or was given up.</summary>
    internal OutageRecord End(string? failure, bool isWrong)
    {
        var now = Stopwatch.GetTimestamp();
        var record = new OutageRecord(_askedAt, _hadAt == 0 ? now : _hadAt, now, failure, isWrong);
        _hadAt = 0;
        Volatile.Write(ref _askedAt, 0);
        return record;
    }
}

/// <summary>
/// One piece of a client's work, as timestamps: when it asked for a connection, when it had the one that its outcome came from
/// or was told that there is none, and when it had the outcome.
/// </summary>
internal readonly record struct OutageRecord(long AskedAt, long HadAt, long EndedAt, string? Failure, bool IsWrong);
