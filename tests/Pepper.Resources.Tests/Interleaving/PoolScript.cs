using Microsoft.Extensions.Logging.Abstractions;
using Pepper.Resources.Pooling;
using Pepper.Resources.Testing;

namespace Pepper.Resources.Tests.Interleaving;

/// <summary>A pool in a schedule, what its actors do to it, and what must be so whoever goes on when.</summary>
internal sealed partial class PoolScript
{
    private static readonly ResourceMonitor Monitor = new();

    private readonly List<Waiting> _waiting = [];
    private readonly List<ResourcePool<Probe>> _pools = [];
    private readonly List<Probe> _detached = [];
    private readonly PoolBudget? _budget;
    private int _moment;
    private int _acquired;
    private int _generationsBegun;

    internal PoolScript(Schedule schedule, PoolScenario scenario)
    {
        Schedule = schedule;
        Scenario = scenario;
        Factory = new ProbeFactory(schedule);
        schedule.AtRest = CheckAtRest;
        var options = new ResourcePoolOptions
        {
            Name = "interleaved",
            MinSize = 0,
            MaxSize = scenario.MaxSize,
            AcquireTimeout = Timeout.InfiniteTimeSpan,
            CreateTimeout = Timeout.InfiniteTimeSpan,
            DestroyTimeout = null,
            ValidateTimeout = null,
            ResetTimeout = null,
            LifetimeJitter = 0,
        };
        scenario.Configure?.Invoke(options);
        scenario.Prepare?.Invoke(Factory);
        Factory.Limit = Math.Min(Factory.Limit, scenario.MaxTotal ?? scenario.MaxSize);
        _budget = scenario.MaxTotal is { } total ? new PoolBudget(total, Time) : null;
        var family = _budget is null ? null : new PoolFamily("interleaved", _budget, LabelsKeys: true);
        for (var pool = 0; pool < scenario.Pools; pool++)
        {
            _pools.Add(family is null
                ? new ResourcePool<Probe>(Factory, options, Time, Monitor)
                : new ResourcePool<Probe>(Factory, options, Time, Monitor, NullLogger.Instance, family));
        }
    }

    internal Schedule Schedule { get; }

    internal PoolScenario Scenario { get; }

    internal ProbeFactory Factory { get; }

    internal ManualTimeProvider Time { get; } = new();

    internal ResourcePool<Probe> Pool => _pools[0];

    internal ResourcePool<Probe> OtherPool => _pools[1];

    /// <summary>What else must be so when all actors have ended.</summary>
    internal Action? AtEnd { get; set; }

    internal void Actor(string name, Action script) => Schedule.Start(name, script);

    /// <summary>Waits for a loan as long as it takes; null when the caller is told that there is none.</summary>
    internal Loan? Acquire(
        ResourcePool<Probe>? pool = null, TimeSpan? timeout = null, AcquirePriority priority = AcquirePriority.Normal,
        CancellationToken cancellationToken = default)
    {
        pool ??= Pool;
        var begun = ++_moment;
        var generation = _generationsBegun;
        ValueTask<Lease<Probe>> task = default;
        Waiting? waiting = null;
        Schedule.Do("acquire", () =>
        {
            task = pool.AcquireAsync(priority, timeout, cancellationToken);
            if (Waiting.Of(ref task) is { } waiter)
            {
                _waiting.Add(waiting = new Waiting($"one who came at {_moment}", waiter, pool, ++_moment, priority));
            }
            else if (task.IsCompletedSuccessfully)
            {
                CheckClaim(pool);
            }
        });
        try
        {
            var lease = Await(task);
            return Take(lease, pool, begun, generation, priority, isClaimed: waiting is null);
        }
        catch (Exception refusal) when (refusal is ResourceException or OperationCanceledException or ObjectDisposedException)
        {
            Schedule.Note($"is refused: {refusal.GetType().Name}");
            if (refusal is OperationCanceledException && !cancellationToken.IsCancellationRequested)
            {
                Schedule.Fail("A caller is cancelled, and not by its own token.");
            }

            return null;
        }
        finally
        {
            if (waiting is not null)
            {
                _waiting.Remove(waiting);
            }
        }
    }

    /// <summary>Takes what is ready, or nothing.</summary>
    internal Loan? TryAcquire(ResourcePool<Probe>? pool = null)
    {
        pool ??= Pool;
        var begun = ++_moment;
        var generation = _generationsBegun;
        Lease<Probe> lease = default;
        var isLent = false;
        Schedule.Do("try to acquire", () =>
        {
            isLent = pool.TryAcquire(out lease);
            if (isLent)
            {
                CheckClaim(pool);
            }
        });
        return isLent ? Take(lease, pool, begun, generation, AcquirePriority.Normal, isClaimed: true) : null;
    }

    /// <summary>Acquires, uses and returns, so often.</summary>
    internal void UseOften(int times, ResourcePool<Probe>? pool = null, AcquirePriority priority = AcquirePriority.Normal)
    {
        for (var time = 0; time < times; time++)
        {
            if (Acquire(pool, priority: priority) is { } loan)
            {
                loan.Use();
                loan.Return();
            }
        }
    }

    internal void TryOften(int times, ResourcePool<Probe>? pool = null)
    {
        for (var time = 0; time < times; time++)
        {
            if (TryAcquire(pool) is { } loan)
            {
                loan.Use();
                loan.Return();
            }
        }
    }

    internal void Invalidate()
    {
        Schedule.Do("invalidate the pool", Pool.Invalidate);
        _generationsBegun++;
    }

    internal void Resize(int maxSize)
    {
        Factory.Limit = Math.Max(Factory.Limit, maxSize);
        Schedule.Do($"resize to {maxSize}", () => Pool.Resize(0, maxSize));
    }

    internal void Advance(TimeSpan by) => Schedule.Do($"let {by.TotalMilliseconds} ms pass", () => Time.Advance(by));

    /// <summary>Ends when the task has, whether it failed or not.</summary>
    internal void AwaitEnd(string what, Func<Task> begin)
    {
        Task? task = null;
        Schedule.Do($"begin to {what}", () => task = begin());
        Schedule.WaitUntil(() => task!.IsCompleted);
        if (task!.IsFaulted && task.Exception.InnerException is not (ResourceException or ObjectDisposedException))
        {
            Schedule.Fail($"To {what} failed: {task.Exception.InnerException}");
        }
    }

    /// <summary>The actor that holds it uses it no more.</summary>
    internal void LetGo(Loan loan)
    {
        CheckHeld(loan);
        loan.Probe.Holder = null;
        loan.Probe.ReturnedAt = ++_moment;
        loan.Probe.IsValidated = false;
    }

    /// <summary>A loan that came about in another way than by <see cref="Acquire"/>.</summary>
    internal void CountAcquired() => _acquired++;

    /// <summary>From here on it is the actor's own, and no longer one of the pool's.</summary>
    internal void CountDetached(Probe probe)
    {
        _detached.Add(probe);
        Factory.CountDetached();
    }

    private Lease<Probe> Await(ValueTask<Lease<Probe>> task)
    {
        var awaiter = task.ConfigureAwait(false).GetAwaiter();
        if (!awaiter.IsCompleted)
        {
            var told = 0;
            awaiter.UnsafeOnCompleted(() =>
            {
                if (++told > 1)
                {
                    Schedule.Fail("A caller is told twice how its wait has ended.");
                }
            });
            Schedule.WaitUntil(() => told > 0);
        }

        return awaiter.GetResult();
    }

    private Loan Take(
        Lease<Probe> lease, ResourcePool<Probe> pool, int begun, int generation, AcquirePriority priority, bool isClaimed)
    {
        _acquired++;
        var probe = lease.Resource;
        Schedule.Note($"is lent {probe.Id}");
        CheckTaken(probe, pool, begun, generation, priority, isClaimed);
        probe.Holder = $"the loan of {_moment}";
        return new Loan(this, lease, probe);
    }
}
