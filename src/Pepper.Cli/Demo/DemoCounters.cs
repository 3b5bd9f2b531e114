using System.Collections.Concurrent;

namespace Pepper.Cli.Demo;

/// <summary>What the clients did so far. Safe from any thread; nothing in it grows with the time.</summary>
internal sealed class DemoCounters
{
    private const int MaxExamples = 5;
    private readonly ConcurrentQueue<string> _examples = new();
    private long _reads;
    private long _committed;
    private long _committedLines;
    private long _committedTotal;
    private long _retiredLines;
    private long _retiredTotal;
    private long _acknowledged;
    private long _busy;
    private long _emptied;
    private long _errors;
    private long _wrong;

    internal WaitHistogram Waits { get; } = new();

    /// <summary>Reads that came to their end.</summary>
    internal long Reads => Volatile.Read(ref _reads);

    /// <summary>Transactions that SQLite committed; each is one order.</summary>
    internal long Committed => Volatile.Read(ref _committed);

    /// <summary>Lines in those orders.</summary>
    internal long CommittedLines => Volatile.Read(ref _committedLines);

    /// <summary>What those orders come to, in cents.</summary>
    internal long CommittedTotal => Volatile.Read(ref _committedTotal);

    /// <summary>Lines in the orders that those took away, one each.</summary>
    internal long RetiredLines => Volatile.Read(ref _retiredLines);

    /// <summary>What the orders came to that those took away, in cents.</summary>
    internal long RetiredTotal => Volatile.Read(ref _retiredTotal);

    /// <summary>Writes that are committed and in the audit log.</summary>
    internal long Acknowledged => Volatile.Read(ref _acknowledged);

    internal long Operations => Reads + Acknowledged;

    /// <summary>Writers that found the database busy and tried again: how SQLite works, no error.</summary>
    internal long Busy => Volatile.Read(ref _busy);

    /// <summary>How often the database's log was emptied.</summary>
    internal long Emptied => Volatile.Read(ref _emptied);

    /// <summary>Operations that failed.</summary>
    internal long Errors => Volatile.Read(ref _errors);

    /// <summary>Answers that were not as they should be.</summary>
    internal long Wrong => Volatile.Read(ref _wrong);

    /// <summary>The first few errors and wrong answers, in words.</summary>
    internal IReadOnlyCollection<string> Examples => _examples;

    /// <summary>A read ended.</summary>
    /// <param name="fault">What was wrong with what it found, or null.</param>
    internal void Read(string? fault)
    {
        Interlocked.Increment(ref _reads);
        if (fault is not null)
        {
            FoundWrong(fault);
        }
    }

    internal void Commit(int lines, long total, WrittenOrder written)
    {
        Interlocked.Add(ref _retiredLines, written.RetiredLines);
        Interlocked.Add(ref _retiredTotal, written.RetiredTotal);
        Interlocked.Add(ref _committedLines, lines);
        Interlocked.Add(ref _committedTotal, total);
        Interlocked.Increment(ref _committed);
    }

    internal void Acknowledge() => Interlocked.Increment(ref _acknowledged);

    internal void FoundBusy() => Interlocked.Increment(ref _busy);

    internal void EmptyLog() => Interlocked.Increment(ref _emptied);

    internal void Failed(Exception failure)
    {
        Interlocked.Increment(ref _errors);
        Remember($"{failure.GetType().Name}: {failure.Message.ReplaceLineEndings(" ")}");
    }

    internal void FoundWrong(string fault)
    {
        Interlocked.Increment(ref _wrong);
        Remember(fault);
    }

    private void Remember(string example)
    {
        // Two threads may both see room for the last one: one example more does no harm.
        if (_examples.Count < MaxExamples)
        {
            _examples.Enqueue(example);
        }
    }
}
