namespace Pepper.Resources.Tests.Interleaving;

/// <summary>
/// Who goes on next; the seed decides everything. One half of the seeds walks at random: at each step the strand goes on with
/// some probability, or any other does. The other half goes by random priorities, which change at few random steps: most bugs
/// need but one or two switches at the right places, and this finds them however long the schedule is.
/// </summary>
internal sealed class SchedulePolicy
{
    private static readonly int[] Horizons = [30, 60, 120, 240];

    private readonly HashSet<int> _changes = [];
    private readonly int _stays;
    private ulong _state;
    private int _step;
    private int _lowest;

    internal SchedulePolicy(int seed)
    {
        _state = (ulong)seed * 0x9E37_79B9_7F4A_7C15;
        IsByPriority = Below(2) == 0;
        _stays = new[] { 0, 50, 75, 90 }[Below(4)];
        if (IsByPriority)
        {
            var horizon = Horizons[Below(Horizons.Length)];
            var depth = 1 + Below(4);
            for (var change = 0; change < depth; change++)
            {
                _changes.Add(Below(horizon));
            }
        }
    }

    internal bool IsByPriority { get; }

    internal int NewPriority() => IsByPriority ? Below(1 << 20) : 0;

    /// <summary>Whether the strand goes on at this step, whoever else could.</summary>
    internal bool Stays(Strand current)
    {
        _step++;
        if (!IsByPriority)
        {
            return Below(100) < _stays;
        }

        if (_changes.Contains(_step))
        {
            current.Priority = --_lowest;
        }

        return false;
    }

    internal Strand Choose(List<Strand> ready)
    {
        if (!IsByPriority)
        {
            return ready[Below(ready.Count)];
        }

        var highest = ready[0];
        foreach (var strand in ready)
        {
            if (strand.Priority > highest.Priority)
            {
                highest = strand;
            }
        }

        return highest;
    }

    // SplitMix64: the same on every machine and in every version of the framework.
    private int Below(int bound)
    {
        var mixed = _state += 0x9E37_79B9_7F4A_7C15;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58_476D_1CE4_E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D0_49BB_1331_11EB;
        return (int)((mixed ^ (mixed >> 31)) % (ulong)bound);
    }
}
