using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Pepper.Resources;

/// <summary>
/// A loan of one resource. Dispose gives it back: <c>await using var lease = await pool.AcquireAsync();</c>
/// </summary>
/// <typeparam name="T">The type as which the resource is seen.</typeparam>
/// <remarks>
/// A lease may be copied: all copies are one loan, and the first that is disposed ends it for all. From then on every copy is
/// stale, and a stale copy never reaches the resource of the next holder, whatever two threads do with copies of one lease.
/// Disposing a lease twice, from two threads at once, or a <c>default</c> one is harmless. A resource that was read from
/// <see cref="Resource"/> must not be used after the lease has been disposed. The type itself is safe from any thread.
/// </remarks>
[DebuggerDisplay("{DebuggerDisplay,nq}")]
public readonly struct Lease<T> : IDisposable, IAsyncDisposable, IEquatable<Lease<T>>
    where T : class
{
    private readonly LeaseSlot? _slot;
    private readonly long _token;

    internal Lease(LeaseSlot slot, long token)
    {
        _slot = slot;
        _token = token;
    }

    /// <summary>What was lent.</summary>
    /// <exception cref="ObjectDisposedException">The lease was given back (or is <c>default</c>).</exception>
    public T Resource
    {
        get
        {
            if (_slot is not null && _slot.TryGetItem(_token, out var item))
            {
                // The keeper, or As<U>(), made sure of the type when the lease was made.
                return Unsafe.As<T>(item)!;
            }

            return ThrowStale();
        }
    }

    /// <summary>Whether the loan has ended. A <c>default</c> lease is stale.</summary>
    public bool IsStale => _slot is null || !_slot.IsHeldBy(_token);

    /// <summary>
    /// Whether the resource is past its time to live, and lent all the same: as a cache serves what is stale when nothing newer
    /// can be loaded, or as it was lent for so long. True as well, whatever its time to live, for what a cache lends in the place
    /// of a pool that fails (<see cref="ResourceCoordinatorBuilder.AddCacheFallback"/>). False when the lease has been given
    /// back.
    /// </summary>
    public bool IsOutdated => _slot is not null && _slot.IsHeldBy(_token) && _slot.IsOutdated;

    /// <summary>
    /// Where it is from: the name of the pool or the cache, or the id of the resource. Where a fallback may serve, it says which
    /// did. Empty for a <c>default</c> lease.
    /// </summary>
    public string Source => _slot?.Source ?? string.Empty;

    internal LeaseSlot? Slot => _slot;

    internal long Token => _token;

    private string DebuggerDisplay => IsStale ? "stale lease" : $"lease of {_slot!.Describe()}";

    /// <summary>Whether two leases are copies of one loan.</summary>
    public static bool operator ==(Lease<T> left, Lease<T> right) => left.Equals(right);

    /// <summary>Whether two leases are different loans.</summary>
    public static bool operator !=(Lease<T> left, Lease<T> right) => !left.Equals(right);

    /// <summary>
    /// Says that the resource is broken: when the lease is disposed it is destroyed instead of reused (a shared one gets no new
    /// holders, and is destroyed after the last). The lease stays valid until then. Harmless when the lease has been given back.
    /// </summary>
    /// <param name="cause">What went wrong, for the log. Default: nothing is said.</param>
    public void Invalidate(Exception? cause = null) => _slot?.Invalidate(_token, cause);

    /// <summary>
    /// Takes the resource out of its keeper's hands: the caller owns it from now on and must dispose it; its place in the pool
    /// is free again, and the lease has ended. Only an exclusive lease can do this.
    /// </summary>
    /// <returns>The resource.</returns>
    /// <exception cref="ObjectDisposedException">The lease was given back (or is <c>default</c>).</exception>
    /// <exception cref="NotSupportedException">The resource is shared with other holders.</exception>
    public T Detach() => _slot is null ? ThrowStale() : Unsafe.As<T>(_slot.Detach(_token));

    /// <summary>The same loan, seen as another type.</summary>
    /// <typeparam name="TOther">A type that the resource is of.</typeparam>
    /// <returns>A lease that ends when this one does, and the other way round.</returns>
    /// <exception cref="InvalidCastException">The resource is not of that type.</exception>
    /// <exception cref="ObjectDisposedException">The lease was given back (or is <c>default</c>).</exception>
    public Lease<TOther> As<TOther>()
        where TOther : class
    {
        var resource = Resource;
        return resource is TOther
            ? new Lease<TOther>(_slot!, _token)
            : throw new InvalidCastException(
                $"The lease of {_slot!.Describe()} holds a {resource.GetType()}, which is not a {typeof(TOther)}.");
    }

    /// <summary>
    /// Gives the resource back. Preparing it for its next holder, where that takes time, ends in the background. Never throws.
    /// </summary>
    public void Dispose() => _slot?.Return(_token);

    /// <summary>Gives the resource back, and waits until it is prepared for its next holder. Never throws.</summary>
    /// <returns>Ends when the resource is ready for its next holder, or was found unfit for one.</returns>
    public ValueTask DisposeAsync() => _slot is null ? default : _slot.ReturnAsync(_token);

    /// <inheritdoc/>
    public bool Equals(Lease<T> other) => ReferenceEquals(_slot, other._slot) && _token == other._token;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Lease<T> other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_slot is null ? 0 : RuntimeHelpers.GetHashCode(_slot), _token);

    private T ThrowStale() => throw new ObjectDisposedException(
        typeof(Lease<T>).Name,
        _slot is null ? "The lease is a default value: nothing was lent." : $"The lease of {_slot.Describe()} was given back.");
}
