using System.Collections.Concurrent;
using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Pooling;

/// <summary>The stages of a factory.</summary>
public enum Stage
{
    Create,
    Validate,
    Reset,
    Destroy,
}

/// <summary>What a stage does when it is called.</summary>
public enum Behaviour
{
    Ok,
    ThrowsSync,
    ThrowsAsync,

    /// <summary>Ends when its gate opens, or when it is cancelled.</summary>
    Slow,

    /// <summary>Ends only when it is cancelled.</summary>
    NeverEnds,

    /// <summary>Ends when its gate opens, and does not care for cancellation.</summary>
    IgnoresCancellation,
}

internal sealed class TestResource(int id, TestFactory factory)
{
    private int _destroyed;
    private int _users;

    internal int Id { get; } = id;

    internal TestFactory Factory { get; } = factory;

    internal int Destroyed => Volatile.Read(ref _destroyed);

    /// <summary>Whether it was made or validated since a holder last said otherwise.</summary>
    internal bool IsChecked { get; set; } = true;

    internal DestroyReason? Reason { get; private set; }

    internal void MarkDestroyed(DestroyReason reason)
    {
        Reason = reason;
        Interlocked.Increment(ref _destroyed);
    }

    /// <summary>Throws when two holders use it at once, or when it has been destroyed.</summary>
    internal void Enter()
    {
        if (Interlocked.Increment(ref _users) != 1)
        {
            throw new InvalidOperationException($"Resource {Id} is lent twice at once.");
        }

        if (Destroyed != 0)
        {
            throw new InvalidOperationException($"Resource {Id} was destroyed ({Reason}) and is lent.");
        }
    }

    internal void Leave() => Interlocked.Decrement(ref _users);
}

/// <summary>A factory whose stages can be scripted, and which counts what there is.</summary>
internal sealed class TestFactory : IResourceFactory<TestResource>
{
    private readonly Behaviour[] _behaviours = new Behaviour[4];
    private readonly TaskCompletionSource[] _gates = [NewGate(), NewGate(), NewGate(), NewGate()];
    private readonly int[] _calls = new int[4];
    private int _live;
    private int _maxLive;
    private int _creating;
    private int _maxCreating;
    private int _ids;

    public FactoryHooks Hooks { get; init; } = FactoryHooks.None;

    internal ConcurrentQueue<TestResource> Made { get; } = new();

    internal ConcurrentQueue<CreateContext> Contexts { get; } = new();

    /// <summary>Called at the begin of each creation.</summary>
    internal Action<CancellationToken>? OnCreate { get; set; }

    /// <summary>What the creations do, by their number. Default: what is set for the stage.</summary>
    internal Func<int, CancellationToken, Task>? CreateNow { get; init; }

    /// <summary>Whether creations that have stood at the gate fail in the end.</summary>
    internal bool CreateFails { get; set; }

    /// <summary>Whether a resource passes validation. Default: yes.</summary>
    internal Func<TestResource, bool>? IsFit { get; set; }

    /// <summary>Whether a resource passes its reset. Default: yes.</summary>
    internal Func<TestResource, bool>? IsReusable { get; set; }

    /// <summary>Whether each validation goes on on another thread, however soon it ends.</summary>
    internal bool YieldsInValidation { get; set; }

    internal int Live => Volatile.Read(ref _live);

    internal int MaxLive => Volatile.Read(ref _maxLive);

    internal int MaxCreating => Volatile.Read(ref _maxCreating);

    internal int Created => Made.Count;

    internal int Destroyed => Made.Sum(static resource => resource.Destroyed);

    public ValueTask<TestResource> CreateAsync(CreateContext context, CancellationToken cancellationToken)
    {
        Raise(ref _maxLive, Interlocked.Increment(ref _live));
        Raise(ref _maxCreating, Interlocked.Increment(ref _creating));
        try
        {
            if (CreateNow is null)
            {
                Contexts.Enqueue(context);
            }

            OnCreate?.Invoke(cancellationToken);
            var run = RunAsync(Stage.Create, cancellationToken, out var number);
            return FinishCreateAsync(CreateNow?.Invoke(number, cancellationToken) ?? run);
        }
        catch (Exception)
        {
            EndCreate(isMade: false);
            throw;
        }
    }

    public async ValueTask<bool> ValidateAsync(TestResource resource, CancellationToken cancellationToken)
    {
        await RunAsync(Stage.Validate, cancellationToken);
        if (YieldsInValidation)
        {
            await Task.Yield();
        }

        return IsFit?.Invoke(resource) ?? true;
    }

    public async ValueTask<bool> ResetAsync(TestResource resource, CancellationToken cancellationToken)
    {
        await RunAsync(Stage.Reset, cancellationToken);
        return IsReusable?.Invoke(resource) ?? true;
    }

    public ValueTask DestroyAsync(TestResource resource, DestroyReason reason, CancellationToken cancellationToken)
    {
        if (!ReferenceEquals(resource.Factory, this))
        {
            throw new InvalidOperationException($"Resource {resource.Id} is destroyed by a factory that did not make it.");
        }

        resource.MarkDestroyed(reason);
        try
        {
            return FinishDestroyAsync(RunAsync(Stage.Destroy, cancellationToken));
        }
        catch (Exception)
        {
            Interlocked.Decrement(ref _live);
            throw;
        }
    }

    internal int Calls(Stage stage) => Volatile.Read(ref _calls[(int)stage]);

    internal void Set(Stage stage, Behaviour behaviour)
    {
        if (_gates[(int)stage].Task.IsCompleted)
        {
            _gates[(int)stage] = NewGate();
        }

        _behaviours[(int)stage] = behaviour;
    }

    /// <summary>The stage is fine from now on, but for those that are in it.</summary>
    internal void Heal(Stage stage) => _behaviours[(int)stage] = Behaviour.Ok;

    /// <summary>Lets those pass that stand at the gate; the stage is fine from now on.</summary>
    internal void Open(Stage stage)
    {
        _behaviours[(int)stage] = Behaviour.Ok;
        _gates[(int)stage].TrySetResult();
    }

    /// <summary>Lets those pass that stand at the gate now; later ones stop at a new one.</summary>
    internal void OpenOnce(Stage stage)
    {
        var gate = _gates[(int)stage];
        _gates[(int)stage] = NewGate();
        gate.TrySetResult();
    }

    private static TaskCompletionSource NewGate() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static void Raise(ref int most, int value)
    {
        int seen;
        while ((seen = Volatile.Read(ref most)) < value && Interlocked.CompareExchange(ref most, value, seen) != seen)
        {
        }
    }

    private static async Task ThrowLaterAsync(Stage stage)
    {
        await Task.Yield();
        throw new InvalidOperationException($"{stage} failed later.");
    }

    private Task RunAsync(Stage stage, CancellationToken cancellationToken) => RunAsync(stage, cancellationToken, out _);

    private Task RunAsync(Stage stage, CancellationToken cancellationToken, out int number)
    {
        // Settled before it is counted: who has waited for the count may set what the next one does.
        var (behaviour, gate) = (_behaviours[(int)stage], _gates[(int)stage]);
        number = Interlocked.Increment(ref _calls[(int)stage]);
        return behaviour switch
        {
            Behaviour.ThrowsSync => throw new InvalidOperationException($"{stage} failed at once."),
            Behaviour.ThrowsAsync => ThrowLaterAsync(stage),
            Behaviour.Slow => gate.Task.WaitAsync(cancellationToken),
            Behaviour.NeverEnds => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken),
            Behaviour.IgnoresCancellation => gate.Task,
            _ => Task.CompletedTask,
        };
    }

    private async ValueTask<TestResource> FinishCreateAsync(Task run)
    {
        var isMade = false;
        try
        {
            await run;
            if (CreateFails)
            {
                throw new IOException("Create failed in the end.");
            }

            isMade = true;
            var resource = new TestResource(Interlocked.Increment(ref _ids), this);
            Made.Enqueue(resource);
            return resource;
        }
        finally
        {
            EndCreate(isMade);
        }
    }

    private async ValueTask FinishDestroyAsync(Task run)
    {
        try
        {
            await run;
        }
        finally
        {
            Interlocked.Decrement(ref _live);
        }
    }

    private void EndCreate(bool isMade)
    {
        Interlocked.Decrement(ref _creating);
        if (!isMade)
        {
            Interlocked.Decrement(ref _live);
        }
    }
}
