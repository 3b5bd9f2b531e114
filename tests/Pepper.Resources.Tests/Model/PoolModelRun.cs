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
    private readonly StageTimeProvider _stageTime;
    private readonly GatedStages _stages = new();
    private readonly ResourcePool<ModelItem> _pool;
    private readonly List<PoolCaller> _callers = [];
    private readonly List<(OperationKind Kind, Task Task)> _tasks = [];
    private readonly List<Task> _returns = [];
    private IReadOnlyList<PoolModel> _states;
    private int _maxSize;
    private int _factories = 1;
    private string _step = string.Empty;

    private PoolModelRun(PoolProgram program, TimeSpan guard)
    {
        _program = program;
        _guard = guard;
        _states = [new PoolModel(program.Setup)];
        _maxSize = _stages.Limit = program.Setup.MaxSize;
        _stageTime = new StageTimeProvider(_time);
        _pool = new ResourcePool<ModelItem>(NewFactory(0), program.Setup.ToOptions(), _stageTime, new ResourceMonitor());
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
        return (run._callers.Select(static caller => caller.Seen.Outcome), run._stages.Look().Destroyed.Values);
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

        while (_stages.Look().Pending.Count > 0)
        {
            await DoAsync(new PoolOperation(OperationKind.PassStage));
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
        OperationKind.Acquire => AcquireAsync(operation, null),
        OperationKind.AcquireWithin => AcquireAsync(operation, PoolSetup.GivenTimeout),
        OperationKind.AcquireByDefault => AcquireAsync(operation, PoolSetup.AcquireTimeout),
        OperationKind.AcquireNow => AcquireAsync(operation, 0),
        OperationKind.AcquireBlocking => AcquireBlockingAsync(),
        OperationKind.TryAcquire => TryAcquireAsync(),
        OperationKind.Cancel => CancelAsync(operation),
        OperationKind.BreakResource => BreakAsync(operation),
        OperationKind.Advance => AdvanceAsync(operation.Seconds),
        OperationKind.Resize => ResizeAsync(operation),
        OperationKind.Pause => AskAsync(_pool.Pause, static model => model.Pause()),
        OperationKind.Resume => AskAsync(_pool.Resume, static model => model.Resume()),
        OperationKind.InvalidatePool => AskAsync(_pool.Invalidate, static model => model.InvalidatePool()),
        OperationKind.InvalidateOver => AskAsync(
            () => _pool.Invalidate(TimeSpan.FromSeconds(operation.Seconds)), model => model.InvalidateOver(operation.Seconds)),
        OperationKind.ReplaceFactory => ReplaceFactoryAsync(),
        OperationKind.WarmUp => WatchAsync(operation.Kind, _pool.WarmUpAsync(), static model => model.WarmUp()),
        OperationKind.Drain => WatchAsync(operation.Kind, _pool.DrainAsync(), static model => model.Drain()),
        OperationKind.DisposePool =>
            WatchAsync(operation.Kind, _pool.DisposeAsync().AsTask(), static model => model.Dispose()),
        OperationKind.CompleteCreation or OperationKind.FailCreation
            or OperationKind.PassStage or OperationKind.RefuseStage or OperationKind.FailStage => EndStageAsync(operation),
        _ => UseLeaseAsync(operation),
    };

    private Task AcquireAsync(PoolOperation operation, long? timeout)
    {
        var source = new CancellationTokenSource();
        TimeSpan? given = timeout switch
        {
            null => Timeout.InfiniteTimeSpan,
            PoolSetup.AcquireTimeout => null,
            _ => TimeSpan.FromMilliseconds(timeout.Value),
        };
        var priority = operation.Priority;
        var task = priority != AcquirePriority.Normal ? _pool.AcquireAsync(priority, given, source.Token)
            : given is { } time ? _pool.AcquireAsync(time, source.Token)
            : _pool.AcquireAsync(source.Token);
        _callers.Add(new PoolCaller(_callers.Count, source) { Task = task });
        return CompareAsync(model => model.Acquire(timeout, priority, isBlocking: false));
    }

    private Task AcquireBlockingAsync()
    {
        var source = new CancellationTokenSource();
        var task = Task.Factory.StartNew(
            () => _pool.Acquire(TimeSpan.FromMilliseconds(PoolSetup.GivenTimeout), source.Token),
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        _callers.Add(new PoolCaller(_callers.Count, source) { Task = new ValueTask<Lease<ModelItem>>(task) });
        return CompareAsync(static model => model.Acquire(PoolSetup.GivenTimeout, AcquirePriority.Normal, isBlocking: true));
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
                _stages.CountGone();
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
        if (isTwice || !operation.IsAwaited)
        {
            caller.Lease.Dispose();
        }

        if (isTwice || operation.IsAwaited)
        {
            _returns.Add(caller.Lease.DisposeAsync().AsTask());
        }

        caller.GiveUp();
        await CompareAsync(model => model.Return(caller.Id, operation.IsAwaited && !isTwice));
    }

    private async Task BreakAsync(PoolOperation operation)
    {
        var stages = _stages.Look();
        var live = stages.Makers.Keys.Except(stages.Destroyed.Keys).ToList();
        if (live.Count > 0)
        {
            var id = live[operation.Pick % live.Count];
            _stages.Break(id);
            await CompareAsync(model => model.Break(id));
        }
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
        _stages.Limit = Math.Max(_maxSize, operation.MaxSize);
        await AskAsync(
            () =>
            {
                _pool.Resize(operation.MinSize, operation.MaxSize);
                _maxSize = operation.MaxSize;
            },
            model => model.Resize(operation.MinSize, operation.MaxSize));
        _stages.Limit = _maxSize;
    }

    private async Task EndStageAsync(PoolOperation operation)
    {
        var isCreation = operation.Kind is OperationKind.CompleteCreation or OperationKind.FailCreation;
        var pending = _stages.Look().Pending.Where(one => (one.Stage == ModelStage.Create) == isCreation).ToList();
        if (pending.Count == 0)
        {
            return;
        }

        var (stage, id) = pending[operation.Pick % pending.Count];
        if (operation.Kind is OperationKind.FailCreation or OperationKind.FailStage)
        {
            _stages.Fail(stage, id);
        }
        else
        {
            _stages.End(stage, id, isFit: operation.Kind != OperationKind.RefuseStage);
        }

        await CompareAsync(operation.Kind switch
        {
            OperationKind.CompleteCreation => model => model.Complete(id),
            OperationKind.FailCreation => model => model.Fail(id),
            _ => model => model.EndStage(id, operation.Kind == OperationKind.PassStage),
        });
    }

    private Task ReplaceFactoryAsync()
    {
        var task = _pool.ReplaceFactoryAsync(NewFactory(_factories));
        _factories += task.IsFaulted ? 0 : 1;
        return WatchAsync(OperationKind.ReplaceFactory, task, static model => model.ReplaceFactory());
    }

    private GatedFactory NewFactory(int number) =>
        new(_stages, number, _program.Setup.HooksOf(number), _program.Setup.IsGated);

    private Task WatchAsync(OperationKind kind, Task task, Action<PoolModel> operation)
    {
        _tasks.Add((kind, task));
        return CompareAsync(operation);
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
            if (possible.Count > 0 && _stageTime.Limits == seen.Stages.Gated)
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

        var stages = _stages.Look();
        return stages.Fault is not null
            ? throw Mismatch($"After {_step}: {stages.Fault}")
            : new Observation(
                answer, [.. _callers.Select(static caller => caller.Seen)], [.. held.Select(static caller => caller.Id)],
                [.. _tasks.Select(static one => (one.Kind, PoolCaller.OutcomeOf(one.Task)))], stages, _pool.Statistics,
                _returns.Count(static task => !task.IsCompleted));
    }

    private ModelMismatchException Mismatch(string what) =>
        new($"{what}{Environment.NewLine}The program:{Environment.NewLine}{_program}");
}
