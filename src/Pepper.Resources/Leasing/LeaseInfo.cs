using System.Diagnostics;

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

    /// <summary>
    /// The name of the <see cref="LeaseFlow"/> in which it was asked for, or <c>unnamed</c>; <c>null</c> when there was none.
    /// </summary>
    public string? Flow { get; init; }

    /// <summary>
    /// The stack of the code that asked for it, a frame a line; <c>null</c> when it was not captured, and then
    /// <see cref="StackNote"/> says why. It is made into text at each reading.
    /// </summary>
    public string? Stack
    {
        get => field ?? (CapturedStack is { } stack ? CallStack.Format(stack) : null);
        init;
    }

    /// <summary>
    /// <c>captured</c>; <c>not sampled (1 in n)</c>, when the keeper captures the stack of one loan in n and this was another; or
    /// <c>off</c>, when it captures none.
    /// </summary>
    public string StackNote =>
        CapturedStack is not null || Stack is not null ? "captured"
        : StackCapture > 0 ? $"not sampled (1 in {StackCapture})" : "off";

    internal LeaseFlow? HolderFlow { get; init; }

    internal StackTrace? CapturedStack { get; init; }

    internal int StackCapture { get; init; }

    /// <summary>As one line for messages: call site, age, trace, flow, and the innermost frames of the stack.</summary>
    /// <returns>The text.</returns>
    public override string ToString() =>
        $"{CallSite}, for {Age.TotalSeconds:0.###} s"
        + (TraceId is null ? string.Empty : $", trace {TraceId}")
        + (Flow is null ? string.Empty : $", flow {Flow}")
        + (Stack is { } stack ? $", stack {CallStack.InOneLine(stack)}" : string.Empty);
}
