using Pepper.Resources.Monitoring;
using Pepper.Resources.Policies;

namespace Pepper.Resources.Pooling;

/// <content>
/// The policies that a pool asks. Which resources are validated before they are lent: without a policy that is decided by the
/// options alone, at the cost of a look at a field. How large it should be: what the tick saw is kept for whoever asks.
/// </content>
internal sealed partial class PoolCore
{
    // Whose time a policy of the user's has in mind nobody knows: idleness is told to a quarter of this.
    private static readonly TimeSpan AnyIdleTime = TimeSpan.FromMilliseconds(400);
    private static readonly TimeSpan PolicyReportInterval = TimeSpan.FromMinutes(1);

    private readonly IValidationPolicy? _validation;
    private readonly PoolObserver _observer = new();
    private long _policyReportDueAt;

    // Under the lock. Who waits for a creation for which there is room does so in a pool of any size.
    private long _waitsWhileFull;

    internal PoolObservation GetObservation()
    {
        using (_gate.Latch.EnterScope())
        {
            AssertInvariants_NeedsLock();
            if (_isStarted)
            {
                Observe_NeedsLock();
            }

            return _observer.Read(_minSize, _maxSize);
        }
    }

    private void CountWait_NeedsLock()
    {
        _gate.Waits++;
        _waitsWhileFull += _live >= _maxSize ? 1 : 0;
    }

    private void Observe_NeedsLock()
    {
        var states = CountStates();
        _observer.Note(TimeProvider.GetTimestamp(), TimeProvider.TimestampFrequency, new PoolSample
        {
            InUse = Math.Min(states.InUse, _live),
            Idle = states.Idle,
            Waiting = Math.Max(0, _gate.Waiters.Count - _creating),
            Acquires = states.Loans,
            Waited = _waitsWhileFull,
            TimedOut = Interlocked.Read(ref _timeouts),
        });
    }

    private IValidationPolicy? NewValidation()
    {
        if (_options.ValidationPolicy is not null || _options.ValidateBy is not { } name)
        {
            return _options.ValidationPolicy;
        }

        ValidationPolicyOptions options = new();
        options.Idle = _options.ValidateAfterIdle > TimeSpan.Zero ? _options.ValidateAfterIdle : options.Idle;
        return ValidationPolicies.Create(name, options);
    }

    /// <summary>Whether what is held is validated before it is lent. Not under the lock, as it may ask a user's policy.</summary>
    private bool IsValidationDue(PoolEntry entry, int suspicion) => _validation is { } policy
        ? IsDueBy(policy, entry, suspicion)
        : suspicion != 0 || (_validatesOnBorrow && !IsFresh(entry));

    private bool IsDueBy(IValidationPolicy policy, PoolEntry entry, int suspicion)
    {
        var details = entry.NeedDetails();

        // What the tick has not seen idle was so for less than a tick.
        var seen = entry.TryGetAge(SlotState.With(entry.Word, SlotState.Idle), _clock.Now(), out var age) ? age : 0;
        ValidationRequest request = new(
            TimeSpan.FromMilliseconds(seen) + TickPeriod,
            TimeProvider.GetElapsedTime(Volatile.Read(ref details.CheckedAt)),
            SlotState.VersionOf(entry.Word) - details.BornVersion,
            suspicion != 0);
        try
        {
            return policy.ShouldValidate(in request);
        }
        catch (Exception failure)
        {
            NotePolicyFailure(failure);
            return true;
        }
    }

    /// <summary>A validation that began under this suspicion has found it fit.</summary>
    private void NoteFit(PoolEntry entry, int suspicion)
    {
        if (_validation is not null)
        {
            Volatile.Write(ref entry.NeedDetails().CheckedAt, TimeProvider.GetTimestamp());
        }

        Clear(entry, suspicion);
    }

    /// <summary>It may fail on each acquire.</summary>
    private void NotePolicyFailure(Exception failure)
    {
        _monitor.RecordError("validation_policy", TypeLabel, failure);
        var now = _clock.Now();
        var due = Interlocked.Read(ref _policyReportDueAt);
        if (now >= due && Interlocked.CompareExchange(
            ref _policyReportDueAt, now + (long)PolicyReportInterval.TotalMilliseconds, due) == due)
        {
            PoolLog.PolicyFailed(_logger, Name, FailureText.Of(failure), failure);
        }
    }
}
