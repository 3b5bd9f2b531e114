using Microsoft.Extensions.Logging;
using Pepper.Resources.Monitoring;

namespace Pepper.Resources.Recovery;

/// <summary>
/// What every keeper creates through: the circuit of its creations, how many may run, what failures mean, and how often it had to
/// recover. It starts nothing and waits for nothing; that is its keeper's part.
/// </summary>
/// <remarks>
/// All but <see cref="Classify"/> is called under the keeper's lock. Nothing here calls others' code but that, and
/// <see cref="CircuitBreaker.Tell"/>, to be called after the lock.
/// </remarks>
internal sealed class FactoryRecovery
{
    private readonly FactoryRecoveryOptions _options;
    private readonly TimeProvider _timeProvider;
    private readonly ResourceMonitor _monitor;
    private readonly ILogger _logger;
    private readonly RecoveryCount _recoveries;
    private int _ramp = int.MaxValue;
    private FailureKind _outage;
    private long? _succeededAt;

    internal FactoryRecovery(
        FactoryRecoveryOptions frozen, string name, string? label, TimeProvider timeProvider, ResourceMonitor monitor,
        ILogger safeLogger)
    {
        _options = frozen;
        _timeProvider = timeProvider;
        _monitor = monitor;
        _logger = safeLogger;
        _recoveries = new RecoveryCount(frozen, timeProvider);
        frozen.Circuit.Name = name;
        Circuit = new CircuitBreaker(frozen.Circuit, label, timeProvider, monitor, safeLogger);
        Budget = frozen.Budget ?? new RetryBudget(new RetryBudgetOptions { Name = label ?? name }, timeProvider, monitor);
    }

    internal CircuitBreaker Circuit { get; }

    internal RetryBudget Budget { get; }

    internal FactoryRecoveryOptions Options => _options;

    /// <summary>How long a probe may take.</summary>
    internal TimeSpan ProbeTimeout => _options.Circuit.HalfOpenTimeout;

    /// <summary>How often the circuit closed again.</summary>
    internal long Recoveries => _recoveries.All;

    /// <summary>Whether those who find nothing wait all the same while the circuit is not closed.</summary>
    /// <param name="isServing">Whether what is lent still comes back good.</param>
    /// <remarks>What has failed before somebody isolates it, or fails after that, is not why it is isolated.</remarks>
    internal bool WaitsForReturn(bool isServing) =>
        (_outage == FailureKind.Capacity && !Circuit.IsIsolated) || _options.WhileOpen == OutageBehavior.WaitForReturn
        || (_options.WhileOpen == OutageBehavior.Auto && isServing);

    /// <summary>How many creations may run: few after a recovery, one more with each that succeeds.</summary>
    internal int CreateLimit(int most) => Math.Min(most, _ramp);

    /// <summary>Its keeper is gone: the circuit and a budget of its own are seen no more.</summary>
    internal void End()
    {
        Circuit.Dispose();
        if (_options.Budget is null)
        {
            _monitor.Budgets.Remove(Budget);
        }
    }

    /// <summary>Not under a lock: the classifier is the user's.</summary>
    internal FailureKind Classify(ResourceStage stage, Exception? failure)
    {
        var of = new FactoryFailure(stage, failure);
        if (_options.Classify is not { } classify)
        {
            return of.DefaultKind;
        }

        try
        {
            var kind = classify(of);
            return Enum.IsDefined(kind) ? kind : of.DefaultKind;
        }
        catch (Exception fault)
        {
            RecoveryLog.ClassifierFailed(_logger, Circuit.Name, FailureText.Of(fault), fault);
            return of.DefaultKind;
        }
    }

    /// <summary>A creation has succeeded.</summary>
    /// <param name="permit">The creation's.</param>
    /// <param name="most">How many may run when all is well.</param>
    /// <param name="round">What happens to the circuit.</param>
    /// <returns>How many recoveries there were lately, if it is to be told that these are too many.</returns>
    internal int? Succeed_NeedsLock(in CircuitPermit permit, int most, ref CircuitRound round)
    {
        var wasClosed = Circuit.IsClosed;
        Circuit.Succeed(permit, ref round);
        _succeededAt = _timeProvider.GetTimestamp();
        if (Circuit.IsClosed)
        {
            // What opens it next has a cause of its own.
            _outage = default;
        }

        // A trial that ends after somebody else has closed the circuit is a success like any other.
        if (permit.IsTrial && !wasClosed)
        {
            return Circuit.IsClosed ? Recover_NeedsLock() : null;
        }

        if (_ramp < int.MaxValue)
        {
            _ramp = _ramp + 1 >= most ? int.MaxValue : _ramp + 1;
        }

        return null;
    }

    internal void Fail_NeedsLock(
        in CircuitPermit permit, Exception failure, FailureKind kind, long begunAt, ref CircuitRound round)
    {
        if (kind == FailureKind.Request)
        {
            Circuit.Abstain(permit, ref round);
            return;
        }

        var isGrave = _timeProvider.GetElapsedTime(begunAt) >= ProbeTimeout && (_succeededAt is not { } last || last < begunAt);
        Circuit.Fail(permit, failure, ref round, isGrave ? 2 : 1);
        _outage = kind;
    }

    /// <summary>
    /// The keeper has no room for another trial: what has succeeded is enough, as otherwise nothing would end them.
    /// </summary>
    /// <returns>As of a success.</returns>
    internal int? EndTrials_NeedsLock(ref CircuitRound round)
    {
        if (!Circuit.TryCloseEarly(ref round))
        {
            return null;
        }

        _outage = default;
        return Recover_NeedsLock();
    }

    /// <summary>
    /// The keeper has found no room for a trial for so long that they end: if none has succeeded, by another break.
    /// </summary>
    /// <returns>As of a success.</returns>
    internal int? StopTrials_NeedsLock(ref CircuitRound round)
    {
        var tooMany = EndTrials_NeedsLock(ref round);
        Circuit.OpenWithoutTrials(ref round);
        return tooMany;
    }

    /// <summary>Somebody has closed the circuit by hand: creations begin slowly, as after a recovery.</summary>
    internal void BeginSlowly_NeedsLock() => _ramp = 1;

    /// <summary>How many recoveries there were within the period, if these are too many.</summary>
    internal int? CountTooMany_NeedsLock() => _recoveries.CountTooMany_NeedsLock();

    private int? Recover_NeedsLock()
    {
        BeginSlowly_NeedsLock();
        return _recoveries.Add_NeedsLock();
    }
}
