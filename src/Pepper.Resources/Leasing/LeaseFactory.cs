namespace Pepper.Resources;

/// <summary>
/// Makes leases of things that no keeper of Pepper holds: for pools of one's own behind Pepper's interfaces, and for tests.
/// </summary>
public static class LeaseFactory
{
    /// <summary>Makes an exclusive lease.</summary>
    /// <typeparam name="T">The type of the resource.</typeparam>
    /// <param name="resource">What is lent.</param>
    /// <param name="onReturn"> Called once, when the lease is disposed, with the resource and whether it was invalidated; not
    /// when it is detached. What it throws is lost: giving back never throws. Default: nothing happens.
    /// </param>
    /// <returns>The lease.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="resource"/> is null.</exception>
    public static Lease<T> Create<T>(T resource, Func<T, bool, ValueTask>? onReturn = null)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(resource);
        var slot = new DelegateLeaseSlot<T>(resource, onReturn);
        return new Lease<T>(slot, slot.Word);
    }
}
