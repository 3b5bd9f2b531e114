namespace Pepper.Resources.Cleanup;

/// <summary>A ring of nodes in order of insertion: one reference, every operation O(1). Not thread safe; a mutable struct, never
/// copy it.</summary>
internal struct TimerWheelList
{
    private TimerWheelNode? _first;

    internal readonly bool IsEmpty => _first is null;

    internal void Append(TimerWheelNode node)
    {
        if (_first is not { } first)
        {
            node.Next = node;
            node.Previous = node;
            _first = node;
            return;
        }

        TimerWheelNode last = first.Previous!;
        node.Previous = last;
        node.Next = first;
        last.Next = node;
        first.Previous = node;
    }

    /// <summary>Takes out a node that is in this list.</summary>
    internal void Remove(TimerWheelNode node)
    {
        if (ReferenceEquals(node.Next, node))
        {
            _first = null;
        }
        else
        {
            node.Previous!.Next = node.Next;
            node.Next!.Previous = node.Previous;
            if (ReferenceEquals(_first, node))
            {
                _first = node.Next;
            }
        }

        node.Next = null;
        node.Previous = null;
    }

    /// <summary>Takes out the node that has been in it longest; null when there is none.</summary>
    internal TimerWheelNode? TakeFirst()
    {
        TimerWheelNode? first = _first;
        if (first is not null)
        {
            Remove(first);
        }

        return first;
    }
}
