namespace Pepper.Resources.Pooling;

/// <summary>Which of a factory's optional stages do anything. A pool skips those that do not, at no cost.</summary>
[Flags]
public enum FactoryHooks
{
    /// <summary>Neither.</summary>
    None = 0,

    /// <summary>Validation.</summary>
    Validate = 1,

    /// <summary>Reset.</summary>
    Reset = 2,

    /// <summary>Both.</summary>
    All = Validate | Reset,
}
