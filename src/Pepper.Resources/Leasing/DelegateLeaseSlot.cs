namespace Pepper.Resources;

/// <summary>The slot of a lease whose return is somebody else's business. It serves one loan.</summary>
internal sealed class DelegateLeaseSlot<T> : LeaseSlot
    where T : class
{
    private readonly Func<T, bool, ValueTask>? _onReturn;

    internal DelegateLeaseSlot(T resource, Func<T, bool, ValueTask>? onReturn)
    {
        _onReturn = onReturn;
        Item = resource;
        Word = SlotState.InUse;
    }

    internal override void Return(long token)
    {
        var ended = ReturnAsync(token);
        if (!ended.IsCompletedSuccessfully)
        {
            _ = ended.AsTask();
        }
    }

    internal override async ValueTask ReturnAsync(long token)
    {
        if (!TryEnd(token, out var item, out var isDoomed) || _onReturn is null)
        {
            return;
        }

        try
        {
            await _onReturn(item, isDoomed).ConfigureAwait(false);
        }
        catch (Exception)
        {
            // Giving back never throws; the callback's owner is told nothing that it could not have caught itself.
        }
    }

    internal override void Invalidate(long token, Exception? cause) =>
        Interlocked.CompareExchange(ref Word, SlotState.Doom(token), token);

    internal override object Detach(long token) =>
        TryEnd(token, out var item, out _)
            ? item
            : throw new ObjectDisposedException(nameof(Lease<>), $"The lease of {Describe()} was given back.");

    internal override string Source => typeof(T).Name;

    internal override string Describe() => $"a {typeof(T).Name}";

    private bool TryEnd(long token, out T item, out bool isDoomed)
    {
        item = (T)Item!;
        isDoomed = false;
        if (Interlocked.CompareExchange(ref Word, SlotState.Next(token, SlotState.Vacant), token) == token)
        {
            return true;
        }

        var doomed = SlotState.Doom(token);
        isDoomed = true;
        return Interlocked.CompareExchange(ref Word, SlotState.Next(token, SlotState.Vacant), doomed) == doomed;
    }
}
