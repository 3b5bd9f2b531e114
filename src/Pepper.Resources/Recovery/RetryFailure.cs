namespace Pepper.Resources.Recovery;

/// <summary>An attempt that failed, for the delegates of <see cref="RetryOptions"/>.</summary>
/// <param name="Exception">What it threw.</param>
/// <param name="Attempt">Which attempt it was: from 1.</param>
/// <param name="IsIdempotent">Whether the caller said that the work may run more than once.</param>
public readonly record struct RetryFailure(Exception Exception, int Attempt, bool IsIdempotent);
