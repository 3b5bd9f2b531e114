namespace Pepper.Resources.Policies;

/// <summary>
/// Decides whether a cache keeps what was just asked for and created. What is not kept is lent to whoever asked, and closed
/// after its last
/// lease. Chosen by name (<see cref="AdmissionPolicies"/>), and open to implementations of your own.
/// </summary>
/// <remarks>One instance serves one cache, which calls it from any thread, never under a lock: it may be called for several
/// entries at once, and must not block. It knows no clock.</remarks>
public interface IAdmissionPolicy
{
    /// <summary>The name it is chosen by, in lower case: <c>doorkeeper</c>.</summary>
    string Name { get; }

    /// <summary>Whether the cache keeps it.</summary>
    /// <param name="request">What wants to be kept, and how full the cache is.</param>
    bool Admit(in AdmissionRequest request);
}
