namespace Pepper.Resources.Policies;

/// <summary>
/// Recommends how large a pool should be, from what was seen of it. It recommends; nobody is resized. Chosen by name
/// (<see cref="SizingPolicies"/>), and open to implementations of your own.
/// </summary>
/// <remarks>Called from any thread, without a lock; an implementation keeps no state that it would have to protect, and reads
/// no clock.</remarks>
public interface ISizingPolicy
{
    /// <summary>The name it is chosen by, in lower case: <c>erlang</c>.</summary>
    string Name { get; }

    /// <summary>Recommends a size.</summary>
    /// <param name="seen">What was seen of the pool.</param>
    SizingAdvice Advise(in PoolObservation seen);
}
