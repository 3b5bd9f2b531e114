namespace Pepper.Resources.Tests.Interleaving;

/// <summary>One line of work of a schedule: an actor's script, or what the pool has queued.</summary>
internal sealed class Strand(int id, string name, Action body)
{
    internal int Id { get; } = id;

    internal string Name { get; } = name;

    internal Action Body { get; } = body;

    /// <summary>What it waits for; null when it can go on.</summary>
    internal Func<bool>? Until { get; set; }

    /// <summary>The thread that it runs on; null before it has begun.</summary>
    internal StrandThread? Thread { get; set; }

    /// <summary>Where it stands in the order of those that can go on, while that is by priorities.</summary>
    internal int Priority { get; set; }

    /// <summary>Whether it is inside the pool: a step there may be half done.</summary>
    internal bool IsInside { get; set; }

    internal bool IsReady => Until is null || Until();

    public override string ToString() => Name;
}
