using System.Runtime.CompilerServices;
using Pepper.Resources.Policies;

namespace Pepper.Resources.Pooling;

/// <summary>A pool of resources, whatever their type: what operators look at. Safe from any thread.</summary>
public interface IResourcePool : IAsyncDisposable
{
    /// <summary>The pool's name.</summary>
    string Name { get; }

    /// <summary>The pool's state and totals at this moment.</summary>
    PoolStatistics Statistics { get; }

    /// <summary>
    /// What was seen of the pool within the last half hour to hour, at most from its first use on: what sizing policies ask for.
    /// What changes all the time is looked at when the pool's timer ticks, once a second or more often. Who waits for a creation
    /// for which there is room does not count as waiting.
    /// </summary>
    PoolObservation Observation { get; }

    /// <summary>
    /// What a sizing policy makes of <see cref="Observation"/>. Nobody is resized by it: <see cref="Resize"/> does that.
    /// </summary>
    /// <param name="policy">The policy. Default: that of <see cref="SizingPolicies.Default"/>.</param>
    /// <returns>The sizes it recommends, and why.</returns>
    SizingAdvice RecommendSize(ISizingPolicy? policy = null);

    /// <summary>Who holds what, longest first.</summary>
    /// <returns>A snapshot.</returns>
    IReadOnlyList<LeaseInfo> GetLeases();

    /// <summary>
    /// Calls a handler for each event from now on: what was created, destroyed, invalidated, paused and so on, never a plain
    /// acquire or return.
    /// </summary>
    /// <param name="handler">
    /// Called on the thread pool, for one event at a time and in their order, without the execution context of whoever
    /// subscribes. Nobody waits for it. When it throws, that is logged, and it goes on with the next event. When it is slow, up
    /// to 1024 events are kept for it; later ones are dropped, and <see cref="PoolEvent.Missed"/> of the next says how many.
    /// </param>
    /// <returns>
    /// To be disposed to end the subscription, also from within the handler: what is queued is dropped, and a call that is under
    /// way is not waited for. The pool's disposal ends it too, with <see cref="PoolEventKind.Disposed"/> as the last event.
    /// </returns>
    IDisposable Subscribe(Action<PoolEvent> handler);

    /// <summary>Makes the minimum size ready, and waits until it is.</summary>
    /// <param name="cancellationToken">Ends the wait; creations under way go on.</param>
    /// <returns>Ends when the minimum is ready.</returns>
    Task WarmUpAsync(CancellationToken cancellationToken = default);

    /// <summary>Changes both sizes. What is too many is destroyed: idle ones at once, lent ones at their return.</summary>
    /// <param name="minSize">The new minimum.</param>
    /// <param name="maxSize">The new maximum.</param>
    void Resize(int minSize, int maxSize);

    /// <summary>
    /// Stops lending: callers wait, until their deadline or <see cref="Resume"/>. Leases that are out may be returned.
    /// </summary>
    void Pause();

    /// <summary>Lends again.</summary>
#pragma warning disable CA1716 // A keyword of Visual Basic's old error handling; the opposite of Pause has but one name.
    void Resume();
#pragma warning restore CA1716

    /// <summary>Begins a new generation: idle resources are destroyed at once, lent ones at their return.</summary>
    void Invalidate();

    /// <summary>
    /// The same, spread over a time, so that the resources are not all made anew at once: each that is there, or is being made,
    /// is out of service by its end, one after the other, to a quarter of the shortest time among the options or a second.
    /// </summary>
    /// <param name="over">How long the last of them may stay: zero or more. Zero: all at once.</param>
    void Invalidate(TimeSpan over);

    /// <summary>Refuses new callers, serves those that wait, waits for every lease, and destroys every resource.</summary>
    /// <param name="cancellationToken">Ends the wait; the pool stays closed.</param>
    /// <returns>Ends when nothing is left.</returns>
    Task DrainAsync(CancellationToken cancellationToken = default);

    /// <summary>The same, within a time.</summary>
    /// <param name="timeout">
    /// How long to wait for the leases that are out: zero or more, or <see cref="Timeout.InfiniteTimeSpan"/>.
    /// </param>
    /// <param name="cancellationToken">Ends the wait; the pool stays closed.</param>
    /// <returns>Ends when nothing is left; fails with <see cref="ResourceBusyException"/> when the time is over.</returns>
    Task DrainAsync(TimeSpan timeout, CancellationToken cancellationToken = default);
}

/// <summary>A pool of resources of one type. Users can fake it; leases for a fake come from <see cref="LeaseFactory"/>.</summary>
/// <typeparam name="T">The type of the resources.</typeparam>
public interface IResourcePool<T> : IResourcePool
    where T : class
{
    /// <summary>Lends a resource, within the pool's acquire timeout.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="member">Filled in by the compiler.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The lease, to be disposed.</returns>
    ValueTask<Lease<T>> AcquireAsync(
        CancellationToken cancellationToken = default,
        [CallerMemberName] string? member = null,
        [CallerFilePath] string? file = null,
        [CallerLineNumber] int line = 0);

    /// <summary>Lends a resource, within the given time.</summary>
    /// <param name="timeout">How long it may take in all. Zero: only what is ready.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="member">Filled in by the compiler.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The lease, to be disposed.</returns>
    ValueTask<Lease<T>> AcquireAsync(
        TimeSpan timeout,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string? member = null,
        [CallerFilePath] string? file = null,
        [CallerLineNumber] int line = 0);

    /// <summary>Lends a resource; who has to wait is served before all of a lower priority.</summary>
    /// <param name="priority">Whom it passes, if it has to wait.</param>
    /// <param name="timeout">
    /// How long it may take in all. Zero: only what is ready. Default: the pool's acquire timeout.
    /// </param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="member">Filled in by the compiler.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The lease, to be disposed.</returns>
    ValueTask<Lease<T>> AcquireAsync(
        AcquirePriority priority,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string? member = null,
        [CallerFilePath] string? file = null,
        [CallerLineNumber] int line = 0);

    /// <summary>Lends a resource if that needs no waiting and no asynchronous stage.</summary>
    /// <param name="lease">The lease, to be disposed; stale when the result is false.</param>
    /// <param name="member">Filled in by the compiler.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>Whether a resource was lent.</returns>
    bool TryAcquire(
        out Lease<T> lease,
        [CallerMemberName] string? member = null,
        [CallerFilePath] string? file = null,
        [CallerLineNumber] int line = 0);
}
