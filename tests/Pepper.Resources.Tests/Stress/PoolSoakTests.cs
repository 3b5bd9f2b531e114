using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Pepper.Resources.Pooling;
using Pepper.Resources.Recovery;
using Pepper.Resources.Tests.Pooling;

namespace Pepper.Resources.Tests.Stress;

/// <summary>
/// Pools of all kinds side by side, and everything that can be done to them, on real threads, in real time: for some seconds, or
/// for as many minutes as PEPPER_STRESS_MINUTES says. A failure names the seed, which PEPPER_SEED takes; as threads race, it
/// repeats the choices of the callers and not their order.
/// </summary>
[Trait("Category", "Long")]
public sealed class PoolSoakTests : IDisposable
{
    private const int AsyncCallers = 6;
    private static readonly TimeSpan Guard = TimeSpan.FromSeconds(60);

    private readonly int _seed = int.TryParse(Environment.GetEnvironmentVariable("PEPPER_SEED"), out var seed)
        ? seed
        : Environment.TickCount & 0xff_ffff;

    private readonly TimeSpan _time = double.TryParse(
        Environment.GetEnvironmentVariable("PEPPER_STRESS_MINUTES"), CultureInfo.InvariantCulture, out var minutes)
        ? TimeSpan.FromMinutes(minutes)
        : TimeSpan.FromSeconds(5);

    private readonly ConcurrentQueue<string> _unobserved = new();

    public PoolSoakTests() => TaskScheduler.UnobservedTaskException += NoteUnobserved;

    public void Dispose() => TaskScheduler.UnobservedTaskException -= NoteUnobserved;

    [Fact]
    public async Task Pools_EverythingAtOnceForAWhile_LoseShareAndForgetNothing()
    {
        var clock = Stopwatch.StartNew();
        var targets = NewTargets();
        bool IsOver() => clock.Elapsed >= _time || targets.Exists(static target => target.Ledger.Faults.Count > 0);
        List<(SoakTarget Target, SoakCaller Caller)> callers = [];
        List<Task> running = [];
        foreach (var target in targets)
        {
            for (var number = 0; number <= AsyncCallers; number++)
            {
                var caller = new SoakCaller(target, new Random(_seed + callers.Count), IsOver);
                callers.Add((target, caller));
                running.Add(number < AsyncCallers ? Task.Run(caller.RunAsync, PoolTestBase.Stop) : Rounds.OnThread(caller.Run));
            }

            running.Add(Task.Run(() => OperateAsync(target, new Random(_seed + running.Count), IsOver), PoolTestBase.Stop));
        }

        await AwaitAllAsync(running, targets);
        var counts = new SoakCounts();
        foreach (var (target, caller) in callers)
        {
            target.Counts.Add(caller.Counts);
        }

        long waits = 0, created = 0, failures = 0, abandoned = 0;
        foreach (var target in targets)
        {
            var ended = await target.FinishAsync(Guard);
            (waits, created, failures, abandoned) =
                (waits + ended.Waits, created + ended.Created, failures + ended.Failures, abandoned + ended.Abandoned);
            counts.Add(target.Counts);
            Assert.Equal(target.Counts.Asked, target.Counts.Told);
        }

        GC.Collect();
        GC.WaitForPendingFinalizers();
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"soak of {clock.Elapsed.TotalSeconds:0} s, seed {_seed}: {counts.Served} acquires, {waits} waits, {counts.TimedOut} "
            + $"timeouts, {counts.Canceled + counts.CanceledWhileBlocking} cancellations, {counts.Shed} shed, "
            + $"{counts.QueueFull} refused, {created} creations, {failures} failures of which {counts.CreateFailed} were told, "
            + $"{counts.CircuitOpen} told of an open circuit, "
            + $"{abandoned} abandoned, {counts.DoubleReturns} double returns, {counts.StaleUses} stale uses, "
            + $"{counts.Operations} operations; at most live: "
            + string.Join(", ", targets.Select(static target => $"{target.Ledger.Name} {target.Ledger.MaxLive}")));
        var faults = targets.SelectMany(static target => target.Ledger.Judge()).Concat(_unobserved).ToList();
        Assert.True(faults.Count == 0, $"Seed {_seed}: {string.Join(Environment.NewLine, faults.Take(10))}");
        Assert.True(counts.Served > 1_000 && created > 50 && waits > 100, "Too little has happened.");
    }

    private static List<SoakTarget> NewTargets() =>
    [
        new SoakPool("plain", 3, FactoryHooks.None, static _ => { }),
        new SoakPool("single", 1, FactoryHooks.None, static options => options.MaxWaiters = 6),
        new SoakPool("validated", 3, FactoryHooks.Validate, static options => options.MaxUses = 500),
        new SoakPool("reset", 3, FactoryHooks.All, static options =>
            options.Validation = ValidationMode.OnBorrow | ValidationMode.OnReturn),
        new SoakPool("fifo", 4, FactoryHooks.None, static options => options.IdleOrder = IdleOrder.Fifo),
        new SoakPool("kept", 4, FactoryHooks.Validate, static options =>
        {
            options.Validation = ValidationMode.OnBorrow | ValidationMode.WhileIdle;
            options.KeepAliveInterval = TimeSpan.FromMilliseconds(40);
            options.ValidateAfterIdle = TimeSpan.FromMilliseconds(60);
            options.IdleTimeout = TimeSpan.FromMilliseconds(100);
            options.MaxLifetime = TimeSpan.FromMilliseconds(400);
        }),
        new SoakPool("tracked", 3, FactoryHooks.None, static options =>
        {
            options.LeakThreshold = TimeSpan.FromMilliseconds(10);
            options.WakeUp = WakeUp.Fair;
        }),
        new SoakPool("shedding", 2, FactoryHooks.None, static options => options.Shedding = new SheddingOptions
        {
            Target = TimeSpan.FromMilliseconds(2),
            Interval = TimeSpan.FromMilliseconds(20),
        }),
        new SoakPool("healing", 4, FactoryHooks.Validate, static options =>
        {
            options.Validation = ValidationMode.None;
            var recovery = options.Recovery!;
            recovery.Circuit.FailureThreshold = 2;
            recovery.Circuit.ResetTimeout = TimeSpan.FromMilliseconds(5);
            recovery.Circuit.MaxResetTimeout = TimeSpan.FromMilliseconds(20);
            recovery.Circuit.HalfOpenTimeout = SoakTarget.ProbeTimeout;
            recovery.HedgeAfter = TimeSpan.FromMilliseconds(1);
            recovery.CreateAttempts = 2;
            recovery.WhileOpen = OutageBehavior.WaitForReturn;
            recovery.Classify = static failure => (failure.Exception?.Message.Length ?? 0) % 5 == 0
                ? FailureKind.Pool : failure.DefaultKind;
        }),
        new SoakPool("failing fast", 3, FactoryHooks.None, static options =>
        {
            options.MinSize = 0;
            options.Recovery!.Circuit.FailureThreshold = 1;
            options.Recovery.Circuit.ResetTimeout = TimeSpan.FromMilliseconds(5);
            options.Recovery.Circuit.HalfOpenTimeout = SoakTarget.ProbeTimeout;
        }),
        new SoakKeyedPool(),
    ];

    private static async Task OperateAsync(SoakTarget target, Random random, Func<bool> isOver)
    {
        while (!isOver())
        {
            await target.OperateAsync(random);
            Interlocked.Increment(ref target.Counts.Operations);
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(1, 30)), TimeProvider.System, PoolTestBase.Stop);
        }
    }

    private async Task AwaitAllAsync(List<Task> running, List<SoakTarget> targets)
    {
        var all = Task.WhenAll(running);
        await Task.WhenAny(all, Task.Delay(_time + Guard, TimeProvider.System, PoolTestBase.Stop));
        if (!all.IsCompleted)
        {
            var hung = running.Count(static task => !task.IsCompleted);
            Assert.Fail($"Seed {_seed}: {hung} of {running.Count} hang: {string.Join(Environment.NewLine, targets)}");
        }

        await all;
    }

    // Other tests run in this process, too.
    private void NoteUnobserved(object? sender, UnobservedTaskExceptionEventArgs unobserved)
    {
        if (unobserved.Exception.ToString() is var text && text.Contains("soak", StringComparison.OrdinalIgnoreCase))
        {
            _unobserved.Enqueue($"Nobody observed: {text}");
        }
    }
}
