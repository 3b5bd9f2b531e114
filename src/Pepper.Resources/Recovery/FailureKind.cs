namespace Pepper.Resources.Recovery;

/// <summary>What a failure says of everything else: see <see cref="FactoryRecoveryOptions.Classify"/>.</summary>
public enum FailureKind
{
    /// <summary>
    /// The request's own: it says nothing of other resources. A creation that fails so does not count for the circuit.
    /// </summary>
    Request,

    /// <summary>
    /// Fatal to this resource. It counts for the circuit when a creation fails so; else the others are suspects: each is
    /// validated before it is lent again.
    /// </summary>
    Resource,

    /// <summary>
    /// Fatal to all of them: as <see cref="Resource"/>, and a new generation begins, unless the resource that failed is of an
    /// earlier one.
    /// </summary>
    Pool,

    /// <summary>
    /// There may be no more of them, but those that are there are good. It counts for the circuit, and who waits goes on waiting
    /// for one that comes back, if there is one.
    /// </summary>
    Capacity,
}
