namespace Pepper.Resources.Recovery;

/// <summary>One call of which an attempt has failed. Not thread safe: a call is in one place at a time.</summary>
internal sealed class RetryCourse(long begun, bool isIdempotent)
{
    internal long Begun => begun;

    internal bool IsIdempotent => isIdempotent;

    internal List<Exception> Failures { get; } = [];

    internal Exception Last => Failures[^1];

    /// <summary>How long to wait before the next attempt; before the first failure zero.</summary>
    internal TimeSpan Delay { get; set; }
}
