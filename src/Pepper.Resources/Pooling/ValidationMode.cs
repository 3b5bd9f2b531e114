namespace Pepper.Resources.Pooling;

/// <summary>When a pool checks that a resource still works. Ignored when the factory's hooks do not include validation.</summary>
[Flags]
public enum ValidationMode
{
    /// <summary>Never.</summary>
    None = 0,

    /// <summary>
    /// Before it is lent, unless it was idle for less than <see cref="ResourcePoolOptions.ValidateAfterIdle"/>.
    /// </summary>
    OnBorrow = 1,

    /// <summary>When it was given back, after its reset.</summary>
    OnReturn = 2,

    /// <summary>
    /// While it is idle, every <see cref="ResourcePoolOptions.KeepAliveInterval"/>, in the background: so that a server does not
    /// close what nobody uses, and what broke is replaced before somebody asks for it.
    /// </summary>
    WhileIdle = 4,

    /// <summary>
    /// Right after it was made; one that is unfit counts as a creation that failed. Without this it is done for what a probe has
    /// made, and after creations have failed: see <see cref="ResourcePoolOptions.Recovery"/>.
    /// </summary>
    OnCreate = 8,
}
