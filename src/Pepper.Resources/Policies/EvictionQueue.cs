using System.Diagnostics;

namespace Pepper.Resources.Policies;

/// <summary>
/// Nodes in order, linked through themselves: adding, moving and removing take constant time and no memory. For policies; it
/// is used under
/// the lock of the cache whose policy owns it.
/// </summary>
public sealed class EvictionQueue
{
    private readonly byte _id;

    /// <summary>Creates an empty queue.</summary>
    /// <param name="id">What tells the queues of one policy apart: 1 or more, each of them another.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="id"/> is 0.</exception>
    public EvictionQueue(byte id)
    {
        ArgumentOutOfRangeException.ThrowIfZero(id);
        _id = id;
    }

    /// <summary>The node that came last; null when the queue is empty.</summary>
    public EvictionNode? Newest { get; private set; }

    /// <summary>The node that came first; null when the queue is empty.</summary>
    public EvictionNode? Oldest { get; private set; }

    /// <summary>The number of nodes.</summary>
    public long Count { get; private set; }

    /// <summary>The weight of the nodes together.</summary>
    public long Weight { get; private set; }

    /// <summary>Whether the node is in this queue, and not in another of the same policy.</summary>
    /// <param name="node">A node of the policy that owns the queue.</param>
    public bool Contains(EvictionNode node)
    {
        ArgumentNullException.ThrowIfNull(node);
        return node.QueueId == _id;
    }

    /// <summary>The node that came after this one; null for the newest.</summary>
    /// <param name="node">A node in this queue.</param>
    public EvictionNode? NewerThan(EvictionNode node)
    {
        ArgumentNullException.ThrowIfNull(node);
        Debug.Assert(node.QueueId == _id, "The node is not in this queue.");
        return node.Next;
    }

    /// <summary>Puts a node in as the newest.</summary>
    /// <param name="node">A node that is in no queue.</param>
    /// <exception cref="ArgumentException">The node is in a queue already.</exception>
    public void Add(EvictionNode node)
    {
        ArgumentNullException.ThrowIfNull(node);
        if (node.QueueId != 0)
        {
            throw new ArgumentException($"The node is in queue {node.QueueId}; a node is in one queue at a time.", nameof(node));
        }

        node.QueueId = _id;
        node.Previous = Newest;
        node.Next = null;
        if (Newest is { } newest)
        {
            newest.Next = node;
        }
        else
        {
            Oldest = node;
        }

        Newest = node;
        Count++;
        Weight += node.Weight;
    }

    /// <summary>Takes a node out.</summary>
    /// <param name="node">A node in this queue.</param>
    /// <exception cref="ArgumentException">The node is not in this queue.</exception>
    public void Remove(EvictionNode node)
    {
        ArgumentNullException.ThrowIfNull(node);
        if (node.QueueId != _id)
        {
            throw new ArgumentException($"The node is in queue {node.QueueId} (0: in none), not in queue {_id}.", nameof(node));
        }

        Unlink(node);
        // What left keeps no neighbour alive: a cache may hold on to it until its last lease.
        node.Previous = null;
        node.Next = null;
        node.QueueId = 0;
        Count--;
        Weight -= node.Weight;
    }

    /// <summary>Makes a node of this queue its newest.</summary>
    /// <param name="node">A node in this queue.</param>
    /// <exception cref="ArgumentException">The node is not in this queue.</exception>
    public void Renew(EvictionNode node)
    {
        if (!ReferenceEquals(node, Newest))
        {
            Remove(node);
            Add(node);
        }
    }

    private void Unlink(EvictionNode node)
    {
        if (node.Previous is { } previous)
        {
            previous.Next = node.Next;
        }
        else
        {
            Oldest = node.Next;
        }

        if (node.Next is { } next)
        {
            next.Previous = node.Previous;
        }
        else
        {
            Newest = node.Previous;
        }
    }
}
