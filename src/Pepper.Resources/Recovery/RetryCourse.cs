namespace Pepper.Resources.Recovery;

/// <summary>One call, from its first attempt on. A value, so that a call whose first attempt succeeds costs nothing.</summary>
/// <param name="isIdempotent">Whether the work may run more than once.</param>
/// <param name="begun">When it began, if anybody needs to know.</param>
internal struct RetryCourse(bool isIdempotent, long begun)
{
    private List<Exception>? _failures;

    internal readonly bool IsIdempotent => isIdempotent;

    internal long Begun { get; } = begun;

    /// <summary>When the present attempt began; zero when nobody needs to know.</summary>
    internal long AttemptBegun { get; set; } = begun;

    internal readonly IReadOnlyList<Exception> Failures => _failures ?? (IReadOnlyList<Exception>)[];

    internal readonly int FailedAttempts => _failures?.Count ?? 0;

    internal readonly Exception Last => _failures![^1];

    /// <summary>How long to wait before the next attempt; before the first failure zero.</summary>
    internal TimeSpan Delay { get; set; }

    internal void Add(Exception failure) => (_failures ??= []).Add(failure);
}
