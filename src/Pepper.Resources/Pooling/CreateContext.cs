namespace Pepper.Resources.Pooling;

/// <summary>For whom a factory creates.</summary>
/// <param name="PoolName">The name of the pool.</param>
/// <param name="Generation">The pool's generation, from 0: <c>Invalidate</c> and a new factory each begin another.</param>
/// <param name="IsDemanded">Whether a caller waits for a resource; otherwise the pool fills up to its minimum size.</param>
public readonly record struct CreateContext(string PoolName, int Generation, bool IsDemanded);
