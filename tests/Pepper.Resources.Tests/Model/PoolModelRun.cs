using Pepper.Resources.Pooling;
using Pepper.Resources.Testing;

namespace Pepper.Resources.Tests.Model;

/// <summary>The pool is in none of the states that the model allows.</summary>
internal sealed class ModelMismatchException(string message) : Exception(message);

/// <summary>Runs a program on a pool and on the model, and compares them after each operation.</summary>
internal sealed class PoolModelRun : IAsyncDisposable
{
    private readonly PoolProgram _program;
    private readonly TimeSpan _guard;
    private readonly ManualTimeProvider _time = new();
    private readonly GatedFactory _factory;
    private readonly ResourcePool<ModelItem> _pool;
    private readonly List<PoolCaller> _callers = [];
    private readonly List<Task> _drains = [];
    private readonly List<Task> _disposals = [];
    private IReadOnlyList<PoolModel> _states;
    private int _maxSize;
    private string _step = string.Empty;

    private PoolModelRun(PoolProgram program, TimeSpan guard)
    {
        _program = program;
        _guard = guard;
        var setup = program.Setup;
        _states = [new PoolModel(setup)];
        _maxSize = setup.MaxSize;
        _factory = new GatedFactory(setup.HasHooks) { Limit = _maxSize };
        _pool = new ResourcePool<ModelItem>(
            _factory,
            new ResourcePoolOptions
            {
                Name = "model",
                MinSize = setup.MinSize,
                MaxSize = setup.MaxSize,
                MaxConcurrentCreates = setup.MaxConcurrentCreates,
                MaxUses = setup.MaxUses,
                MaxWaiters = setup.MaxWaiters,
                AcquireTimeout = TimeSpan.FromMilliseconds(PoolSetup.AcquireTimeout),
                CreateTimeout = TimeSpan.FromMilliseconds(PoolSetup.CreateTimeout),
                DestroyTimeout = null,
                IdleTimeout = setup.Expires ? TimeSpan.FromMilliseconds(PoolSetup.IdleTimeout) : null,
                MaxLifetime = setup.Expires ? TimeSpan.FromMilliseconds(PoolSetup.MaxLifetime) : null,
                LifetimeJitter = 0,
                Validation = ValidationMode.OnBorrow | ValidationMode.OnReturn,
            },
            _time,
            new ResourceMonitor());
    }

    /// <param name="program">What to run.</param>
    /// <param name="guard">How long, in real time, to wait for the pool to come to rest as it should.</param>
    /// <returns>What became of the callers, and of the resources.</returns>
    /// <exception cref="ModelMismatchException">The pool did what the model does not allow.</exception>
    internal static async Task<(IEnumerable<Outcome> Outcomes, IEnumerable<DestroyReason> Reasons)> RunAsync(
        PoolProgram program, TimeSpan guard)
    {
        await using var run = new PoolModelRun(program, guard);
        for (var index = 0; index < program.Operations.Count; index++)
        {
            run._step = $"{index}: {program.Operations[index]}";
            await run.DoAsync(program.Operations[index]);
        }

        await run.FinishAsync();
        return (run._callers.Select(static caller => caller.Seen.Outcome), run._factory.Reasons);
    }

    public ValueTask DisposeAsync()
    {
        foreach (var caller in _callers)
        {
            caller.Source.Dispose();
        }

        // Not awaited: where the pool has failed, its disposal may hang.
        _ = _pool.DisposeAsync().AsTask();
        return default;
    }

    private async Task FinishAsync()
    {
        _step = "the end";
        await DoAsync(new PoolOperation(OperationKind.DisposePool));
        while (_callers.Exists(static caller => caller.IsHeld))
        {
            await DoAsync(new PoolOperation(OperationKind.DisposeLease));
        }

        var statistics = _pool.Statistics;
        var gone = statistics.Destroyed + statistics.Detached;
        if (statistics.Size != 0 || statistics.Created != gone)
        {
            throw Mismatch($"In the end {statistics.Size} are left; {statistics.Created} were created, and {gone} are gone.");
        }
    }

    private Task DoAsync(PoolOperation operation) => operation.Kind switch
    {
        OperationKind.Acquire => AcquireAsync(null),
        OperationKind.AcquireWithin => AcquireAsync(PoolSetup.GivenTimeout),
        OperationKind.AcquireByDefault => AcquireAsync(PoolSetup.AcquireTimeout),
        OperationKind.AcquireNow => AcquireAsync(0),
        OperationKind.TryAcquire => TryAcquireAsync(),
        OperationKind.Cancel => CancelAsync(operation),
        OperationKind.Advance => AdvanceAsync(operation.Seconds),
        OperationKind.Resize => ResizeAsync(operation),
        OperationKind.Pause => AskAsync(_pool.Pause, model => model.Pause()),
        OperationKind.Resume => AskAsync(_pool.Resume, model => model.Resume()),
        OperationKind.InvalidatePool => AskAsync(_pool.Invalidate, model => model.InvalidatePool()),
        OperationKind.CompleteCreation =>
            EndCreationAsync(operation, _factory.Complete, static (model, id) => model.Complete(id)),
        OperationKind.FailCreation =>
            EndCreationAsync(operation, _factory.Fail, static (model, id) => model.Fail(id)),
        OperationKind.Drain => DrainAsync(),
        OperationKind.DisposePool => DisposePoolAsync(),
        _ => UseLeaseAsync(operation),
    };

    private Task AcquireAsync(long? timeout)
    {
        var source = new CancellationTokenSource();
        var task = timeout == PoolSetup.AcquireTimeout
            ? _pool.AcquireAsync(source.Token)
            : _pool.AcquireAsync(
                timeout is { } given ? TimeSpan.FromMilliseconds(given) : Timeout.InfiniteTimeSpan, source.Token);
        _callers.Add(new PoolCaller(_callers.Count, source) { Task = task });
        return CompareAsync(model => model.Acquire(timeout));
    }

    private Task TryAcquireAsync()
    {
        var caller = new PoolCaller(_callers.Count, new CancellationTokenSource());
        caller.Seen = caller.Seen with { Outcome = Outcome.None };
        if (_pool.TryAcquire(out var lease))
        {
            caller.Take(lease);
        }

        _callers.Add(caller);
        return CompareAsync(static model => model.TryAcquire());
    }

    private async Task CancelAsync(PoolOperation operation)
    {
        if (Pick(operation, static caller => caller.Seen.Outcome == Outcome.Waiting) is { } caller)
        {
            await caller.Source.CancelAsync();
            await CompareAsync(model => model.Cancel(caller.Id));
        }
    }

    private async Task UseLeaseAsync(PoolOperation operation)
    {
        var isStale = operation.Kind == OperationKind.UseStaleCopy;
        if (Pick(operation, caller => isStale ? caller.HasHeld : caller.IsHeld) is not { } caller)
        {
            return;
        }

        switch (operation.Kind)
        {
            case OperationKind.InvalidateLease:
                caller.Lease.Invalidate();
                await CompareAsync(model => model.Invalidate(caller.Id));
                return;
            case OperationKind.DetachLease:
                // Before: its place is free, and may be filled, while the call still runs.
                _factory.CountDetached();
                caller.Lease.Detach();
                caller.GiveUp();
                await CompareAsync(model => model.Detach(caller.Id));
                return;
            case OperationKind.UseStaleCopy:
                caller.Lease.Invalidate();
                var answer = caller.Lease.IsStale && IsRefused(caller.Lease.Detach) && IsRefused(() => caller.Lease.Resource)
                    ? PoolModel.Done
                    : "a stale lease works";
                await caller.Lease.DisposeAsync();
                await CompareAsync(static _ => { }, answer);
                return;
        }

        var isTwice = operation.Kind == OperationKind.DisposeTwice;
        if (isTwice || operation.Amount % 2 == 0)
        {
            caller.Lease.Dispose();
        }

        if (isTwice || operation.Amount % 2 == 1)
        {
            await caller.Lease.DisposeAsync();
        }

        caller.GiveUp();
        await CompareAsync(model => model.Return(caller.Id));
    }

    private async Task AdvanceAsync(int seconds)
    {
        var left = TimeSpan.FromSeconds(seconds);
        while (left > TimeSpan.Zero)
        {
            var step = _time.NextTimerDue is { } due && due < left ? due : left;
            _time.Advance(step);
            left -= step;
            await CompareAsync(model => model.Advance((long)step.TotalMilliseconds));
        }
    }

    private async Task ResizeAsync(PoolOperation operation)
    {
        _factory.Limit = Math.Max(_maxSize, operation.MaxSize);
        await AskAsync(
            () =>
            {
                _pool.Resize(operation.MinSize, operation.MaxSize);
                _maxSize = operation.MaxSize;
            },
            model => model.Resize(operation.MinSize, operation.MaxSize));
        _factory.Limit = _maxSize;
    }

    private async Task EndCreationAsync(PoolOperation operation, Action<int> end, Action<PoolModel, int> endInModel)
    {
        var pending = _factory.Look().Pending;
        if (pending.Count > 0)
        {
            var id = pending[operation.Pick % pending.Count];
            end(id);
            await CompareAsync(model => endInModel(model, id));
        }
    }

    private async Task DrainAsync()
    {
        var drain = _pool.DrainAsync();
        var answer = PoolModel.Done;
        if (drain.IsFaulted)
        {
            answer = drain.Exception!.InnerException!.GetType().Name;
        }
        else
        {
            _drains.Add(drain);
        }

        await CompareAsync(static model => model.Result = model.Drain(), answer);
    }

    private Task DisposePoolAsync()
    {
        _disposals.Add(_pool.DisposeAsync().AsTask());
        return CompareAsync(static model => model.Dispose());
    }

    private Task AskAsync(Action ask, Func<PoolModel, string> askModel)
    {
        var answer = PoolModel.Done;
        try
        {
            ask();
        }
        catch (Exception failure)
        {
            answer = failure.GetType().Name;
        }

        return CompareAsync(model => model.Result = askModel(model), answer);
    }

    private static bool IsRefused(Func<ModelItem> use)
    {
        try
        {
            use();
            return false;
        }
        catch (ObjectDisposedException)
        {
            return true;
        }
    }

    private PoolCaller? Pick(PoolOperation operation, Predicate<PoolCaller> isMeant)
    {
        var meant = _callers.FindAll(isMeant);
        return meant.Count == 0 ? null : meant[operation.Pick % meant.Count];
    }

    /// <summary>
    /// Waits until the pool is in one of the states that the model allows after the operation; the others are dropped.
    /// </summary>
    private async Task CompareAsync(Action<PoolModel> operation, string answer = PoolModel.Done)
    {
        var before = _states;
        _states = PoolModel.Apply(before, operation);
        var begin = TimeProvider.System.GetTimestamp();
        for (var look = 0; ; look++)
        {
            var seen = await ObserveAsync(answer);
            var possible = _states.Where(state => state.Differences(seen).Count == 0).ToList();
            if (possible.Count > 0)
            {
                _states = possible;
                return;
            }

            if (_states.All(state => state.IsRuledOut(seen)) || TimeProvider.System.GetElapsedTime(begin) > _guard)
            {
                var nearest = _states.MinBy(state => state.Differences(seen).Count)!;
                throw Mismatch(
                    $"After {_step}: {string.Join("; ", nearest.Differences(seen))}.{Environment.NewLine}"
                    + $"The model's state before ({before.Count} possible):{Environment.NewLine}{before[0]}{Environment.NewLine}"
                    + $"The nearest of {_states.Count} possible afterwards:{Environment.NewLine}{nearest}");
            }

            await (look < 100 ? YieldAsync() : Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System));
        }

        static async Task YieldAsync() => await Task.Yield();
    }

    private async Task<Observation> ObserveAsync(string answer)
    {
        foreach (var caller in _callers)
        {
            await caller.LookAsync();
        }

        var held = _callers.FindAll(static caller => caller.IsHeld);
        if (held.Select(caller => caller.Seen.Resource).Distinct().Count() != held.Count)
        {
            throw Mismatch($"After {_step}: one resource is lent twice: {string.Join("; ", held.Select(one => one.Seen))}.");
        }

        var (pending, destroyed, fault) = _factory.Look();
        return fault is not null
            ? throw Mismatch($"After {_step}: {fault}")
            : new Observation(
                answer, [.. _callers.Select(static caller => caller.Seen)], pending, destroyed, _pool.Statistics,
                _drains.Count > 0 && _drains.TrueForAll(static task => task.IsCompletedSuccessfully),
                _disposals.Count > 0 && _disposals.TrueForAll(static task => task.IsCompletedSuccessfully));
    }

    private ModelMismatchException Mismatch(string what) =>
        new($"{what}{Environment.NewLine}The program:{Environment.NewLine}{_program}");
}
