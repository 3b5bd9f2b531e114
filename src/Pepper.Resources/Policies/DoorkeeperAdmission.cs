namespace Pepper.Resources.Policies;

/// <summary>
/// Keeps, once there is no room left, only what was asked for a second time within about as many first requests as there are
/// entries. The
/// idea is the doorkeeper of TinyLFU (Einziger, Friedman, Manes, ACM ToS 2017); here a table that ages by itself stands for
/// the filter.
/// </summary>
internal sealed class DoorkeeperAdmission : IAdmissionPolicy
{
    public const string PolicyName = "doorkeeper";

    private const int MinRemembered = 64;

    private readonly GhostTable _asked = new();

    public string Name => PolicyName;

    public bool Admit(in AdmissionRequest request)
    {
        if (!request.CanFit)
        {
            return false;
        }

        if (request.FitsNow || _asked.TryForget(request.Hash))
        {
            return true;
        }

        _asked.Lifetime = Math.Max(MinRemembered, request.Count);
        _asked.Remember(request.Hash);
        return false;
    }
}
