namespace Pepper.Resources.Recovery;

/// <summary>
/// How often a keeper had to recover, and whether that was too often within
/// <see cref="FactoryRecoveryOptions.RecoveryPeriod"/>. Its keeper's lock protects it.
/// </summary>
internal sealed class RecoveryCount(FactoryRecoveryOptions options, TimeProvider timeProvider)
{
    private readonly Queue<long> _latest = new();
    private bool _isTold;

    /// <summary>How many there were in all.</summary>
    internal long All { get; private set; }

    /// <summary>
    /// There was one more. How many there were within the period, if it is to be told that these are too many: once, and again
    /// after they were few enough in between.
    /// </summary>
    internal int? Add_NeedsLock()
    {
        All++;
        if (options.MaxRecoveries is not { } most)
        {
            return null;
        }

        var wasTold = _isTold && CountTooMany_NeedsLock() is not null;

        // One more than is allowed is all that has to be known.
        _latest.Enqueue(timeProvider.GetTimestamp());
        if (_latest.Count > most + 1L)
        {
            _latest.Dequeue();
        }

        var tooMany = CountTooMany_NeedsLock();
        _isTold = tooMany is not null;
        return wasTold ? null : tooMany;
    }

    /// <summary>How many there were within the period, if these are too many.</summary>
    internal int? CountTooMany_NeedsLock()
    {
        while (_latest.TryPeek(out var oldest) && timeProvider.GetElapsedTime(oldest) >= options.RecoveryPeriod)
        {
            _latest.Dequeue();
        }

        return _latest.Count > options.MaxRecoveries ? _latest.Count : null;
    }
}
