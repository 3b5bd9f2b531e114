using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Interleaving;

/// <summary>A pool, and the actors that meet at it.</summary>
/// <param name="Name">What it is called in failures.</param>
/// <param name="MaxSize">The size of the pool, or of each of them.</param>
/// <param name="Begin">Starts the actors, after what it does itself, which nobody interrupts.</param>
internal sealed record PoolScenario(string Name, int MaxSize, Action<PoolScript> Begin)
{
    internal Action<ResourcePoolOptions>? Configure { get; init; }

    internal Action<ProbeFactory>? Prepare { get; init; }

    /// <summary>How many pools there are.</summary>
    internal int Pools { get; init; } = 1;

    /// <summary>The bound over all pools.</summary>
    internal int? MaxTotal { get; init; }

    /// <summary>Whether a resource is validated before it is lent.</summary>
    internal bool IsValidated { get; init; }

    /// <summary>Whether callers wait for what is lent while nothing is created.</summary>
    internal bool WaitsForReturn { get; init; }

    /// <summary>Whether each loan notes when it began.</summary>
    internal bool IsTracked { get; init; }

    /// <summary>Whether what has been idle longest is lent first.</summary>
    internal bool IsOldestFirst { get; init; }

    /// <summary>Whether a claim does more than one compare-and-swap, so that others may go on between its last look and its end.
    /// </summary>
    internal bool IsLentWithCare { get; init; }

    public override string ToString() => Name;

    /// <summary>One schedule of it.</summary>
    internal Schedule Run(int seed, bool isTraced = false)
    {
        var schedule = new Schedule(seed, isTraced);
        schedule.Run(() =>
        {
            PoolScript script = null!;
            schedule.Calmly(() =>
            {
                script = new PoolScript(schedule, this);
                Begin(script);
            });
            schedule.WaitUntil(() => schedule.IsAlone);
            schedule.Calmly(script.Finish);
        });
        return schedule;
    }
}
