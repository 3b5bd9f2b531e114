using System.Diagnostics;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Pepper.Resources.Monitoring;

namespace Pepper.Resources.Pooling;

/// <summary>
/// The machinery of a pool; readme.md has the algorithm, the invariants and their proof. What is hot (claim, return) works on
/// the words of the entries alone; all else (the queue, places, sizes, time) is under one lock, under which no user code and no
/// continuation runs.
/// </summary>
internal sealed partial class PoolCore : IResourceSource
{
    // The gate: zero when the pool is open and nobody waits. The number of waiters below, the flags above. Written under the
    // lock only.
    private const long PausedFlag = 1L << 32;
    private const long DrainingFlag = 1L << 33;
    private const long DisposedFlag = 1L << 34;
    private const long WaitingMask = PausedFlag - 1;

    private readonly PoolHints _hints = new();
    private readonly ResourcePoolOptions _options;
    private readonly ResourceMonitor _monitor;
    private readonly PoolInstruments _instruments;
    private readonly ILogger _logger;
    private readonly PoolClock _clock;
    private readonly Func<PoolWaiter> _newWaiter;
    private readonly PoolShutdown _closing = new();
    private readonly bool _validatesOnBorrow;
    private readonly bool _validatesIdle;
    private readonly bool _needsDetails;
    private readonly bool _notesEachLoan;
    private readonly bool _capturesStacks;

    private PoolEntry[] _entries;
    private FactoryAdapter _factory;
    private PoolGate _gate;
    private int _generation;
    private volatile bool _isReturnPlain;
    private volatile bool _isBorrowPlain;

    // Whether a return has to look at the loan: some are timed, or watched for leaks.
    private volatile bool _watchesLoans;
    private volatile bool _timesUses;

    // Under the lock. Live places are all that are not vacant; creations that are overdue count as hung, no longer as creating.
    private readonly PoolWaiterCache _spareWaiters;
    private int _minSize;
    private int _maxSize;
    private int _live;
    private int _creating;
    private int _hung;
    private int _validating;
    private bool _isStarted;
    private TaskCompletionSource? _progress;

    internal PoolCore(
        FactoryAdapter factory,
        Func<PoolWaiter> newWaiter,
        ResourcePoolOptions options,
        TimeProvider timeProvider,
        ResourceMonitor monitor,
        ILogger logger,
        PoolFamily? family = null)
    {
        ResourcePoolOptionsValidator.Validate(options);
        _options = options.Copy();
        _factory = factory;
        _eras = [new FactoryEra(0, factory)];
        TimeProvider = timeProvider;
        _monitor = monitor;
        _logger = new SafeLogger(logger);
        _newWaiter = newWaiter;
        _spareWaiters = new PoolWaiterCache(newWaiter);
        _clock = new PoolClock(timeProvider);
        _events = new PoolEvents(Name, timeProvider, _logger);
        _shedder = _options.Shedding is { } shedding ? new LoadShedder(shedding) : null;
        TypeLabel = _options.Type.ToLabel();
        NameLabel = family is { LabelsKeys: false } ? family.Name : Name;
        _instruments = new PoolInstruments(monitor, NameLabel, TypeLabel, IsDatabase);
        _minSize = _options.MinSize;
        _maxSize = _options.MaxSize;
        _entries = new PoolEntry[_maxSize];
        AddPlaces(_entries, from: 0);

        _validatesOnBorrow = (_options.Validation & ValidationMode.OnBorrow) != ValidationMode.None;
        _validatesIdle = (_options.Validation & ValidationMode.WhileIdle) != ValidationMode.None;
        TracksLeaks = _watchesLoans = _options.LeakThreshold is not null;
        _validation = NewValidation();
        _needsDetails = TracksLeaks || _validatesIdle || _validation is not null
            || _options.MaxLifetime is not null || _options.MaxUses is not null;
        HandsOverLocally = _options.WakeUp == WakeUp.Local;
        _isFirstInFirstOut = _options.IdleOrder == IdleOrder.Fifo;
        _capturesStacks = _options.StackCapture > 0;
        _notesEachLoan = TracksLeaks || _capturesStacks;
        _share = family?.Budget?.Join(this);
        ReadHooks();
        _recovery = NewRecovery(family);
        if (family is null or { LabelsKeys: true })
        {
            _monitor.Sources.Add(this);
        }
    }

    internal string Name => _options.Name;

    internal string TypeLabel { get; }

    internal ResourceType Type => _options.Type;

    internal TimeProvider TimeProvider { get; }

    internal TimeSpan DefaultTimeout => _options.AcquireTimeout;

    /// <summary>Whether a served caller continues on the thread that served it, when that one is done.</summary>
    internal bool HandsOverLocally { get; }

    /// <summary>Whether each loan notes its time and its trace.</summary>
    internal bool TracksLeaks { get; }

    internal bool IsSync => _factory.IsSync;

    private bool IsDisposed => (Volatile.Read(ref _gate.Word) & DisposedFlag) != 0;

    private bool IsPaused => (Volatile.Read(ref _gate.Word) & PausedFlag) != 0;

    private bool IsClosed => (Volatile.Read(ref _gate.Word) & (DisposedFlag | DrainingFlag)) != 0;

    private void ReadHooks()
    {
        if (_replacements > 0)
        {
            // Until the last of an old factory's is out of service, nothing is lent or returned without a look.
            _isBorrowPlain = _isReturnPlain = _isReturnShared = false;
            return;
        }

        var hooks = _factory.Hooks;
        _isBorrowPlain = !_hasSuspects && !(_validatesOnBorrow && (hooks & FactoryHooks.Validate) != FactoryHooks.None);
        var isReturnPlain = _options.MaxUses is null
            && (hooks & FactoryHooks.Reset) == FactoryHooks.None
            && !IsValidatedOnReturn(hooks);
        _isReturnPlain = isReturnPlain && _share is null;
        _isReturnShared = isReturnPlain && _share is not null;
        if (_isFirstInFirstOut)
        {
            // That order is kept under the lock.
            _isBorrowPlain = _isReturnPlain = _isReturnShared = false;
        }
    }

    /// <summary>
    /// Somebody left the queue, or joined others. Who still sees the gate as it was takes the careful way, and finds out: no
    /// fence is needed.
    /// </summary>
    private void CountWaiters_NeedsLock()
    {
        Volatile.Write(ref _gate.Word, (_gate.Word & ~WaitingMask) | (uint)_gate.Waiters.Count);
        if (_gate.Waiters.Count == 0)
        {
            NeedNoPlace_NeedsLock();
            _shedder?.Emptied();
        }
    }

    private void SetGate_NeedsLock(long flagsToSet = 0, long flagsToClear = 0)
    {
        var flags = _gate.Word & ~WaitingMask;

        // An exchange and not a store: who queues, or closes the gate, looks at the entries next, and must not look too early.
        Interlocked.Exchange(ref _gate.Word, (flags | flagsToSet) & ~flagsToClear | (uint)_gate.Waiters.Count);
    }

    /// <summary>
    /// Ends the pool's hold of an entry. The exchange is a full fence: either the sweep of a new generation saw the state that is
    /// published here, or the generation that it raised is seen here.
    /// </summary>
    private long Publish(PoolEntry entry, long state)
    {
        Debug.Assert(SlotState.Of(entry.Word) == SlotState.Held, "Only what the pool holds is published.");
        var word = SlotState.With(Volatile.Read(ref entry.Word), state);
        YieldPoint.Reach();
        Interlocked.Exchange(ref entry.Word, word);
        YieldPoint.Reach();
        if (entry.Generation != Volatile.Read(ref _generation))
        {
            Sweep(entry, DestroyReason.PoolInvalidated);
        }

        if (Volatile.Read(ref _live) > Volatile.Read(ref _maxSize))
        {
            // The pool was made smaller while this entry was held, so that nobody could see what would become of it.
            TrimExcess();
        }

        return word;
    }

    /// <summary>
    /// Puts an entry out of service: an idle one at once, a lent one at its return. What the pool holds is seen by who publishes
    /// it.
    /// </summary>
    private bool Sweep(PoolEntry entry, DestroyReason reason)
    {
        while (true)
        {
            YieldPoint.Reach();
            var word = Volatile.Read(ref entry.Word);
            if (SlotState.Of(word) == SlotState.Idle)
            {
                if (entry.TryMove(word, SlotState.With(word, SlotState.Destroying)))
                {
                    StartDestroy(entry, reason);
                    return true;
                }
            }
            else if (SlotState.Of(word) == SlotState.InUse)
            {
                entry.DoomReason = reason;
                if (entry.TryMove(word, SlotState.Doom(word)))
                {
                    return true;
                }
            }
            else
            {
                return false;
            }
        }
    }

    /// <summary>Wakes whoever waits for the pool to get on: warm-up, drain, disposal.</summary>
    private void SignalProgress()
    {
        TaskCompletionSource? progress;
        using (_gate.Latch.EnterScope())
        {
            AssertInvariants_NeedsLock();
            progress = _progress;
            _progress = null;
        }

        if (progress is not null)
        {
            BackgroundWork.Complete(progress);
        }
    }

    private Task NextProgress_NeedsLock() =>
        (_progress ??= BackgroundWork.NewCompletion()).Task;

    [Conditional("DEBUG")]
    private void AssertInvariants_NeedsLock()
    {
        Debug.Assert(_gate.Latch.IsHeldByCurrentThread, "The lock must be held.");
        Debug.Assert((_gate.Word & WaitingMask) == _gate.Waiters.Count, "The gate counts the waiters.");
        Debug.Assert(_creating >= 0 && _hung >= 0 && _creating + _hung <= _live, "What is being created is live.");
        Debug.Assert(_slow >= 0 && _slow <= _creating, "What is slow is being created.");
        Debug.Assert(_validating >= 0, "Validations under way are not negative.");
        Debug.Assert(_live >= 0 && _live <= _entries.Length, "Each live resource has a place.");
        Debug.Assert(_waitingFlows.Count == 0 || _gate.Waiters.Count > 0, "Flows that wait have callers that wait.");
        Debug.Assert(_minSize <= _maxSize && _maxSize <= _entries.Length, "Sizes are in order.");
    }
}
