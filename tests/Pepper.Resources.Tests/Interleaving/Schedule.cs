using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Interleaving;

/// <summary>A script is not to go on, as its schedule has failed.</summary>
internal sealed class ScheduleAbortedException : Exception;

/// <summary>
/// One run of some strands, each on a thread of its own, of which exactly one runs at a time. At each yield point the policy says
/// who goes on; with the same seed it says the same again.
/// </summary>
internal sealed class Schedule(int seed, bool isTraced = false) : IInterleaver
{
    private const int MostSteps = 20_000;
    private static readonly TimeSpan Guard = TimeSpan.FromSeconds(60);

    private readonly SchedulePolicy _policy = new(seed);
    private readonly ScheduleTrace? _trace = isTraced ? new ScheduleTrace() : null;
    private readonly List<Strand> _strands = [];
    private readonly List<Strand> _ready = [];
    private Action? _end;
    private Strand _current = null!;
    private int _calm;
    private int _started;

    /// <summary>Why it failed; null while it has not.</summary>
    internal string? Failure { get; private set; }

    /// <summary>Yield points that were reached.</summary>
    internal int Steps { get; private set; }

    /// <summary>A number that differs, in all likelihood, when another strand ran at any step.</summary>
    internal ulong Course { get; private set; } = 14_695_981_039_346_656_037;

    internal string Trace => _trace?.ToString() ?? string.Empty;

    /// <summary>Called whenever no strand is inside the pool.</summary>
    internal Action? AtRest { get; set; }

    /// <summary>Whether only the strand that asks is left.</summary>
    internal bool IsAlone => _strands.Count == 1;

    /// <summary>Whether no strand is inside the pool.</summary>
    internal bool IsAtRest => _strands.TrueForAll(static strand => !strand.IsInside);

    int IInterleaver.Processor => _current.Id & 1;

    /// <summary>Runs the script, and all that it starts, to the end.</summary>
    internal void Run(Action script)
    {
        using var ended = new SemaphoreSlim(0);
        _end = () => ended.Release();
        var root = Add("script", script);
        _current = root;
        StrandThread.Take().Begin(this, root);
        if (!ended.Wait(Guard))
        {
            throw new TimeoutException($"Seed {seed} hangs: {_current.Name} runs and reaches no yield point.");
        }
    }

    internal void Start(string name, Action body) => Add(name, body);

    public void Queue(Action work) => Add($"item {_started}", work).IsInside = true;

    /// <summary>Nobody is interrupted while this runs; who waits is followed by who has been there longest.</summary>
    internal void Calmly(Action run)
    {
        _calm++;
        try
        {
            run();
        }
        finally
        {
            _calm--;
        }
    }

    public void Reach()
    {
        Count();
        if (_calm > 0 || Failure is not null || _policy.Stays(_current))
        {
            return;
        }

        var next = Choose()!;
        if (next != _current)
        {
            _trace?.Switch(_current, next);
            SwitchTo(next);
        }
    }

    /// <summary>Stands still until it is so. Fails when nobody is left who could make it so.</summary>
    internal void WaitUntil(Func<bool> isSo)
    {
        ThrowIfFailed();
        var me = _current;
        while (!isSo())
        {
            me.Until = isSo;
            LookAtRest();
            var next = Failure is null ? Choose() : null;
            if (next is null)
            {
                Fail($"Stuck: {string.Join(", ", _strands)} wait, and nobody is left who could serve them.");
            }
            else if (next != me)
            {
                _trace?.Switch(me, next);
                SwitchTo(next);
            }

            me.Until = null;
            ThrowIfFailed();
        }
    }

    /// <summary>Does something to the pool. Before and after it the pool may be at rest, meanwhile it is not.</summary>
    internal void Do(string what, Action action)
    {
        ThrowIfFailed();
        var me = _current;
        _trace?.Note(me, $"begins to {what}");
        me.IsInside = true;
        Reach();
        try
        {
            action();
        }
        finally
        {
            me.IsInside = false;
        }

        _trace?.Note(me, $"has ended to {what}");
        LookAtRest();
        ThrowIfFailed();
    }

    internal void Note(string what) => _trace?.Note(_current, what);

    internal void Fail(string why)
    {
        if (Failure is null)
        {
            Failure = why;
            _trace?.Note(_current, $"FAILS: {why}");
        }
    }

    internal void ThrowIfFailed()
    {
        if (Failure is not null)
        {
            throw new ScheduleAbortedException();
        }
    }

    /// <summary>
    /// Runs one strand to its end on the calling thread, and says which one the thread is to run next; null for none: the thread
    /// is given back then.
    /// </summary>
    internal Strand? Run(Strand strand, Action giveBack)
    {
        try
        {
            strand.Body();
        }
        catch (ScheduleAbortedException)
        {
            // The schedule has failed, and says why.
        }
        catch (Exception failure)
        {
            Fail($"{strand.Name} threw {failure}");
        }

        _strands.Remove(strand);
        strand.IsInside = false;
        LookAtRest();
        if (_strands.Count == 0)
        {
            giveBack();
            _end!();
            return null;
        }

        var next = Failure is null ? Choose() : null;
        if (next is null)
        {
            Fail($"Stuck: {string.Join(", ", _strands)} wait, and nobody is left who could serve them.");
            next = _strands[0];
        }

        _trace?.Note(strand, "ends");
        _trace?.Begin(next);
        _current = next;
        if (next.Thread is not { } thread)
        {
            return next;
        }

        giveBack();
        thread.GoOn();
        return null;
    }

    private Strand Add(string name, Action body)
    {
        var strand = new Strand(_started++, name, body) { Priority = _policy.NewPriority() };
        _strands.Add(strand);
        return strand;
    }

    private void Count()
    {
        if (++Steps == MostSteps)
        {
            Fail($"No end after {MostSteps} steps.");
        }
        else if (Steps > 2 * MostSteps)
        {
            throw new ScheduleAbortedException();
        }
    }

    private Strand? Choose()
    {
        _ready.Clear();
        foreach (var strand in _strands)
        {
            if (strand.IsReady)
            {
                _ready.Add(strand);
            }
        }

        if (_ready.Count == 0)
        {
            return null;
        }

        var next = _calm > 0 ? _ready[0] : _policy.Choose(_ready);
        Course = (Course ^ (ulong)next.Id) * 1_099_511_628_211;
        return next;
    }

    private void SwitchTo(Strand next)
    {
        var me = _current;
        _current = next;
        if (next.Thread is { } thread)
        {
            thread.GoOn();
        }
        else
        {
            StrandThread.Take().Begin(this, next);
        }

        me.Thread!.StandStill();
    }

    private void LookAtRest()
    {
        if (Failure is null && AtRest is not null && IsAtRest)
        {
            Calmly(AtRest);
        }
    }
}
