namespace Pepper.Resources.Recovery;

/// <summary>
/// The right to make one call, which ends with exactly one of the breaker's Succeed, Fail and Abstain.
/// </summary>
/// <param name="Phase">The phase in which the call began.</param>
/// <param name="Trial">The place of the trial that it is; -1 when it is none.</param>
/// <param name="Started">When it began, if anybody needs to know.</param>
internal readonly record struct CircuitPermit(CircuitPhase Phase, int Trial, long Started)
{
    internal bool IsTrial => Phase is not null && Trial >= 0;
}
