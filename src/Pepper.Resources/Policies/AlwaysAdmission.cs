namespace Pepper.Resources.Policies;

/// <summary>Keeps all that can fit.</summary>
internal sealed class AlwaysAdmission : IAdmissionPolicy
{
    public const string PolicyName = "always";

    public string Name => PolicyName;

    public bool Admit(in AdmissionRequest request) => request.CanFit;
}
