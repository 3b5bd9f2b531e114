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
}
