namespace Pepper.Resources;

/// <summary>
/// One line of work, a request say, whose leases belong together: <c>using var flow = LeaseFlow.Begin("checkout");</c> While a
/// flow is current, each lease of a pool notes it, so that a caller which waits for what its own flow holds is told so.
/// </summary>
/// <remarks>
/// <para>It follows the code through its awaits, and into the tasks that it starts. An inner flow belongs to the outer one: what
/// the outer one holds counts as its own. What an inner flow still holds at its end is the outer one's.</para>
/// <para>A flow does one thing after another. Code that acquires in parallel branches, and so may wait in one branch while
/// another is about to give back, begins an inner flow in each branch; else the branches are taken for one line.</para>
/// <para>As long as no flow is live in the process, an acquire pays one read of a static field for it; otherwise also one of an
/// <see cref="AsyncLocal{T}"/>. Neither allocates. Safe from any thread.</para>
/// </remarks>
public sealed class LeaseFlow : IDisposable
{
    // Not initialized: a class without a static constructor is read without a check.
    private static int _live;

    private readonly LeaseFlow? _outer;
    private int _isEnded;

    private LeaseFlow(string? name, LeaseFlow? outer)
    {
        Name = name;
        _outer = outer;
    }

    /// <summary>The innermost flow that the caller is in and that has not ended; <c>null</c> when there is none.</summary>
    public static LeaseFlow? Current => IsAnyLive ? Ambient.Flow.Value?.Living : null;

    /// <summary>What it is called in reports: its own name, or the outer one's; <c>null</c> when neither has one.</summary>
    public string? Name { get; }

    internal static bool IsAnyLive => Volatile.Read(ref _live) != 0;

    /// <summary>This one, or once it has ended the next outer one that has not; null when all have.</summary>
    internal LeaseFlow? Living
    {
        get
        {
            var flow = this;
            while (flow is not null && Volatile.Read(ref flow._isEnded) != 0)
            {
                flow = flow._outer;
            }

            return flow;
        }
    }

    internal LeaseFlow? Outer => _outer;

    /// <summary>Begins a flow, within the current one if there is one, and makes it the current one.</summary>
    /// <param name="name">What it is called in reports: few different names, no ids. Default: as the outer one.</param>
    /// <returns>The flow, to be disposed when the work is done.</returns>
    public static LeaseFlow Begin(string? name = null)
    {
        var outer = Ambient.Flow.Value?.Living;
        var flow = new LeaseFlow(name ?? outer?.Name, outer);
        Interlocked.Increment(ref _live);
        Ambient.Flow.Value = flow;
        return flow;
    }

    /// <summary>
    /// Ends the flow and makes the outer one current again. Twice is harmless, and so is an inner flow that ends later. A lease
    /// that is still out belongs to the outer flow, or to none.
    /// </summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isEnded, 1) != 0)
        {
            return;
        }

        Interlocked.Decrement(ref _live);
        if (ReferenceEquals(Ambient.Flow.Value, this))
        {
            Ambient.Flow.Value = Living;
        }
    }

    /// <summary>The name, or that there is none.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Name ?? "unnamed";

    /// <summary>Whether it is that flow, or an inner one of it: then what that one holds counts as its own.</summary>
    internal bool IsWithin(LeaseFlow other)
    {
        for (var flow = this; flow is not null; flow = flow._outer)
        {
            if (ReferenceEquals(flow, other))
            {
                return true;
            }
        }

        return false;
    }

    private static class Ambient
    {
        internal static readonly AsyncLocal<LeaseFlow?> Flow = new();
    }
}
