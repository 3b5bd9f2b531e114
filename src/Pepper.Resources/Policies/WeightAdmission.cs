namespace Pepper.Resources.Policies;

/// <summary>Keeps what takes no more than a share of the capacity.</summary>
internal sealed class WeightAdmission(double maxShare) : IAdmissionPolicy
{
    public const string PolicyName = "by-weight";

    public string Name => PolicyName;

    // By weight alone: of a cache that holds three entries, each takes a third of the number, however light it is.
    public bool Admit(in AdmissionRequest request) =>
        request.CanFit && (request.Capacity.MaxWeight is not { } limit || request.Weight <= maxShare * limit);
}
