namespace Pepper.Resources;

/// <summary>Who holds a resource, and since when. A snapshot: the lease may have been given back since.</summary>
public sealed record LeaseInfo
{
    /// <summary>The name of the pool, or the id of the resource.</summary>
    public required string Source { get; init; }

    /// <summary>Where in the source the lease was asked for.</summary>
    public required CallSite CallSite { get; init; }

    /// <summary>
    /// How long it has been out: to a millisecond while leak tracking is on, else within the keeper's tick (a second at most).
    /// </summary>
    public required TimeSpan Age { get; init; }

    /// <summary>When it was lent, on the wall clock: now, less <see cref="Age"/>.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>The trace in which it was asked for; <c>null</c> when leak tracking is off, or when there was no trace.</summary>
    public string? TraceId { get; init; }

    /// <summary>Whether the lease is out longer than the keeper's leak threshold.</summary>
    public bool IsSuspectedLeak { get; init; }

    /// <summary>As one line for messages: call site, age and trace.</summary>
    /// <returns>The text.</returns>
    public override string ToString() =>
        $"{CallSite}, for {Age.TotalSeconds:0.###} s" + (TraceId is null ? string.Empty : $", trace {TraceId}");
}
