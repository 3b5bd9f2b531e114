namespace Pepper.Resources.Policies;

/// <summary>
/// Decides which entry of a cache goes when there is not room for all. Chosen by name (<see cref="EvictionPolicies"/>), and
/// open to
/// implementations of your own: <see cref="EvictionQueue"/> keeps nodes in order for them.
/// </summary>
/// <remarks>
/// <para>One instance serves one cache. The cache calls every member under its one lock, except <see cref="OnHit"/>, which it
/// calls
/// from any thread without one; a policy therefore takes no lock itself, and knows no clock.</para>
/// <para>The protocol: <see cref="Add"/> what came in (still being created, it says that it is pinned, and so makes room before
/// it exists); while the cache holds more than its capacity, <see cref="FindVictim"/>, claim it, and <see cref="Evict"/> it, or
/// <see cref="Skip"/> it when the claim failed. What leaves for another reason (removed, expired, replaced, never
/// created) is told by <see cref="Remove"/>.</para>
/// <para>Either order is allowed, and both may be mixed: room made after <see cref="Add"/>, when there is too much, or before
/// it, when there is not yet. Who asks for a victim while the cache is within its capacity makes room for somebody who is about
/// to come in, and the policy judges as it would have judged with that one inside.</para>
/// </remarks>
public interface IEvictionPolicy
{
    /// <summary>The name it is chosen by, in lower case: <c>s3-fifo</c>.</summary>
    string Name { get; }

    /// <summary>
    /// The name of the policy that decides at the moment: of one that chooses among others, what it has chosen.
    /// </summary>
    string Deciding => Name;

    /// <summary>
    /// How much the cache may hold. Setting it changes the proportions of the policy's queues and evicts nothing: the cache calls
    /// <see cref="FindVictim"/> as long as it holds too much.
    /// </summary>
    EvictionCapacity Capacity { get; set; }

    /// <summary>The number of nodes in the policy's queues.</summary>
    long Count { get; }

    /// <summary>The weight of the nodes in the policy's queues together.</summary>
    long Weight { get; }

    /// <summary>Whether the nodes in the policy's queues are more than <see cref="Capacity"/> has room for.</summary>
    bool IsOverCapacity => Capacity.IsExceededBy(Count, Weight);

    /// <summary>Takes a node in: its key was asked for and was not there.</summary>
    /// <param name="node">The node; it is in no queue.</param>
    void Add(EvictionNode node);

    /// <summary>
    /// Forgets a node that left for another reason than lack of room: removed, expired, replaced, never created. Nothing is
    /// remembered
    /// of it. A node that is in no queue is ignored.
    /// </summary>
    /// <param name="node">The node.</param>
    void Remove(EvictionNode node);

    /// <summary>
    /// Notes that a node was asked for and was there. Called from any thread, without a lock: it must not wait, allocate or
    /// throw. A hit
    /// may be lost under load, and a hit on a node that has just left is ignored.
    /// </summary>
    /// <param name="node">The node.</param>
    /// <returns>
    /// True when the policy would like <see cref="Maintain"/> to be called soon: whoever gets true takes the lock if nobody holds
    /// it, calls it, and goes on. False nearly always.
    /// </returns>
    bool OnHit(EvictionNode node);

    /// <summary>
    /// Digests the hits noted so far. <see cref="Add"/> and <see cref="FindVictim"/> do so by themselves; nothing breaks if
    /// nobody calls
    /// it, but hits are lost.
    /// </summary>
    void Maintain();

    /// <summary>
    /// Finds the node whose loss matters least. It stays in its queue until <see cref="Evict"/>, <see cref="Skip"/> or
    /// <see cref="Remove"/> says what became of it. It may be asked also while there is room: then for somebody who will be
    /// added.
    /// </summary>
    /// <param name="scanLimit">
    /// How many pinned nodes it may pass over, 0 or more; each of them is queued again, so that the next call looks further. With
    /// <see cref="int.MaxValue"/> null means that everything is pinned.
    /// </param>
    /// <param name="offerPinned">
    /// True: a pinned node may be the victim; the cache detaches it then, and closes it after its last lease. False: pinned nodes
    /// are passed over.
    /// </param>
    /// <returns>The victim; null when there is none among those it may look at.</returns>
    EvictionNode? FindVictim(int scanLimit = 128, bool offerPinned = false);

    /// <summary>Takes a victim out for lack of room. The policy may remember its hash, to know it when it comes back.</summary>
    /// <param name="victim">What <see cref="FindVictim"/> gave; a node that is in no queue is ignored.</param>
    void Evict(EvictionNode victim);

    /// <summary>Queues a victim again, because it was leased before the cache could claim it.</summary>
    /// <param name="victim">What <see cref="FindVictim"/> gave; a node that is in no queue is ignored.</param>
    void Skip(EvictionNode victim);
}
