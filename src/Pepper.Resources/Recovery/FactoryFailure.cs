namespace Pepper.Resources.Recovery;

/// <summary>Something that failed, for a classifier to judge.</summary>
/// <param name="Stage">
/// Where: <see cref="ResourceStage.Create"/>, <see cref="ResourceStage.Validate"/>, <see cref="ResourceStage.Reset"/>; and
/// <see cref="ResourceStage.Use"/> for what a holder gives to <see cref="Lease{T}.Invalidate"/>.
/// </param>
/// <param name="Exception">The failure; <c>null</c> when it was told without one.</param>
public readonly record struct FactoryFailure(ResourceStage Stage, Exception? Exception)
{
    /// <summary>
    /// What is taken for true without a classifier: a cancellation in use is the request's own, everything else is fatal to the
    /// resource.
    /// </summary>
    public FailureKind DefaultKind =>
        Stage == ResourceStage.Use && Exception is OperationCanceledException ? FailureKind.Request : FailureKind.Resource;
}
