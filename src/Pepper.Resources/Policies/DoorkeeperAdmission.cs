using System.Diagnostics;

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

    // Of its own: a cache asks outside its lock, as it cannot know whose policy it asks.
    private readonly Lock _lock = new();
    private readonly GhostTable _asked = new();

    public string Name => PolicyName;

    public bool Admit(in AdmissionRequest request)
    {
        if (!request.CanFit)
        {
            return false;
        }

        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            if (request.FitsNow || _asked.TryForget(request.Hash))
            {
                return true;
            }

            _asked.Lifetime = Math.Max(MinRemembered, request.Count);
            _asked.Remember(request.Hash);
            return false;
        }
    }

    [Conditional("DEBUG")]
    private void AssertInvariants_NeedsLock() => Debug.Assert(_lock.IsHeldByCurrentThread, "The lock must be held.");
}
