using Pepper.Resources.Policies;
using Pepper.Resources.Recovery;

namespace Pepper.Resources.Pooling;

/// <summary>
/// How a <see cref="ResourcePool{T}"/> behaves. The pool copies what it is given: later changes have no effect.
/// </summary>
public sealed class ResourcePoolOptions
{
    /// <summary>The pool's name in messages, metrics and snapshots: not empty. Default: <c>default</c>.</summary>
    public string Name { get; set; } = "default";

    /// <summary>
    /// What sort of thing the resources are: the <c>type</c> label. Default: <see cref="ResourceType.Custom"/>.
    /// </summary>
    public ResourceType Type { get; set; } = ResourceType.Custom;

    /// <summary>
    /// How many resources the pool keeps, lent ones included, from the first acquire or warm-up on: 0 to <see cref="MaxSize"/>.
    /// Default: 1.
    /// </summary>
    public int MinSize { get; set; } = 1;

    /// <summary>How many resources there are at most, those being made or destroyed included: 1 to 65,536. Default: 10.</summary>
    public int MaxSize { get; set; } = 10;

    /// <summary>
    /// How long an acquire may take in all: waiting, creating and validating. Zero or more, or
    /// <see cref="Timeout.InfiniteTimeSpan"/>. Default: 30 seconds.
    /// </summary>
    public TimeSpan AcquireTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long making one resource may take; the callers' deadlines do not shorten it. More than zero. Default: <c>null</c>, as
    /// <see cref="AcquireTimeout"/>. After it the waiting caller is told, the token is cancelled, and a creation that goes on
    /// all the same is given up after <see cref="DestroyTimeout"/> more; what it yields later is destroyed.
    /// </summary>
    public TimeSpan? CreateTimeout { get; set; }

    /// <summary>
    /// How long a validation may take: more than zero; <c>null</c> for no limit. Default: 5 seconds. After it the resource is
    /// destroyed.
    /// </summary>
    public TimeSpan? ValidateTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long a reset may take: more than zero; <c>null</c> for no limit. Default: 5 seconds. After it the resource is
    /// destroyed.
    /// </summary>
    public TimeSpan? ResetTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long destroying may take: more than zero; <c>null</c> for no limit. Default: 10 seconds. After it the pool no longer
    /// waits, and the place is free; until then it counts against <see cref="MaxSize"/>.
    /// </summary>
    public TimeSpan? DestroyTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// After how much idle time a resource is destroyed, while more than <see cref="MinSize"/> are there: more than zero.
    /// Default: <c>null</c>, never.
    /// </summary>
    public TimeSpan? IdleTimeout { get; set; }

    /// <summary>
    /// At what age a resource is destroyed: when it is idle at once, when it is lent at its return. More than zero. Default:
    /// <c>null</c>, never.
    /// </summary>
    public TimeSpan? MaxLifetime { get; set; }

    /// <summary>
    /// By what share at most each resource's <see cref="MaxLifetime"/> is shortened, at random, so that those made together do
    /// not expire together: 0 to 1. Default: 0.1.
    /// </summary>
    public double LifetimeJitter { get; set; } = 0.1;

    /// <summary>After how many loans a resource is destroyed: 1 or more. Default: <c>null</c>, any number.</summary>
    public int? MaxUses { get; set; }

    /// <summary>How many callers may wait; one more is refused at once: 0 or more. Default: <c>null</c>, any number.</summary>
    public int? MaxWaiters { get; set; }

    /// <summary>How many resources are made at the same time: 1 or more. Default: 4.</summary>
    public int MaxConcurrentCreates { get; set; } = 4;

    /// <summary>
    /// For how long callers' creations rest after one has failed; twice as long with each further failure in a row, up to 30
    /// seconds. Callers who come meanwhile wait, within their own time, for a return or the next attempt. Zero or more, up to 30
    /// seconds. Default: zero, who asks makes the pool try at once. What the pool makes by itself rests in any case, from 100 ms
    /// on.
    /// </summary>
    public TimeSpan CreateBackOff { get; set; }

    /// <summary>
    /// Whether callers who come while creations rest (<see cref="CreateBackOff"/>) are told the last failure at once, unless a
    /// resource is there that could come back to them. Default: false, they wait.
    /// </summary>
    public bool FailFastOnBackOff { get; set; }

    /// <summary>When resources are validated. Default: <see cref="ValidationMode.OnBorrow"/>.</summary>
    public ValidationMode Validation { get; set; } = ValidationMode.OnBorrow;

    /// <summary>
    /// A resource that was idle for less is lent without validation: zero or more. Default: zero, always validate. Ignored when
    /// <see cref="Validation"/> does not include <see cref="ValidationMode.OnBorrow"/>.
    /// </summary>
    public TimeSpan ValidateAfterIdle { get; set; }

    /// <summary>
    /// The policy that says which resources are validated before they are lent, by name (<see cref="ValidationPolicies"/>).
    /// Default: <c>null</c>: all, or those that were idle for <see cref="ValidateAfterIdle"/>, and suspects. It needs
    /// <see cref="ValidationMode.OnBorrow"/>. With <c>after-idle</c> the time is <see cref="ValidateAfterIdle"/> if that is not
    /// zero, else that of <see cref="ValidationPolicyOptions.Idle"/>; with others that has to be zero.
    /// </summary>
    public string? ValidateBy { get; set; }

    /// <summary>
    /// The same policy as an object, in the place of the one that <see cref="ValidateBy"/> names. Default: <c>null</c>. It is
    /// asked on the way of a caller, outside the pool's lock, also about what goes from a holder to one who waits; not about what
    /// is new. Where it throws, the resource is validated, and the log says so, once a minute at most. Times of idleness are
    /// rounded up, by 100 ms at most.
    /// </summary>
    public IValidationPolicy? ValidationPolicy { get; set; }

    /// <summary>Which of several idle resources is lent. Default: <see cref="IdleOrder.Lifo"/>.</summary>
    public IdleOrder IdleOrder { get; set; }

    /// <summary>Where a caller who has waited continues. Default: <see cref="WakeUp.Local"/>.</summary>
    public WakeUp WakeUp { get; set; }

    /// <summary>
    /// How often what is idle is validated, with <see cref="ValidationMode.WhileIdle"/>: more than zero. Default: 30 seconds.
    /// </summary>
    public TimeSpan KeepAliveInterval { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Whether a warm-up goes on when a creation fails, with the pool's back-off, until the minimum is ready or its token is
    /// cancelled; if not, the first failure ends it. Default: false.
    /// </summary>
    public bool PatientWarmUp { get; set; }

    /// <summary>
    /// Turns leak tracking on: a lease that is out for longer is reported, once. More than zero. Default: <c>null</c>, off.
    /// While it is on, each lease notes its time and its trace.
    /// </summary>
    public TimeSpan? LeakThreshold { get; set; }

    /// <summary>
    /// Whether a lease that is out for longer than <see cref="LeakThreshold"/> is ended, its resource destroyed and its place
    /// freed: the one case in which a resource is taken from its holder. Default: false.
    /// </summary>
    public bool ReclaimLeaked { get; set; }

    /// <summary>
    /// Whose stacks are captured: 0, nobody's; 1, that of each loan; n, that of one loan in n, the first included. 0 or more.
    /// Default: 0. A capture costs some microseconds and kilobytes; the text is made when somebody reads
    /// <see cref="LeaseInfo.Stack"/>. A stack may be kept until the next loan of the same resource.
    /// </summary>
    public int StackCapture { get; set; }

    /// <summary>
    /// Whether a caller fails at once, with <see cref="ExhaustionReason.Deadlock"/>, when its wait would never end: when all
    /// <see cref="MaxSize"/> resources are lent to flows (see <see cref="LeaseFlow"/>) that each wait for this very pool.
    /// Default: false; then they wait until their deadlines. It is looked at when a caller is about to wait, and only if that
    /// caller is in a flow and its timeout is not zero; deadlines and cancellations of the others are not taken into account.
    /// </summary>
    public bool FailOnDeadlock { get; set; }

    /// <summary>
    /// Whether the pool also reports under OpenTelemetry's names for database connections, <c>db.client.connection.*</c>.
    /// Default: false.
    /// </summary>
    public bool EmitDatabaseMetrics { get; set; }

    /// <summary>
    /// Turns load shedding on: while the pool is overloaded, callers that have waited too long are rejected, so that those whom
    /// it serves are served fresh. Default: <c>null</c>, off: each caller waits for its whole time.
    /// </summary>
    public SheddingOptions? Shedding { get; set; }

    /// <summary>
    /// How the pool behaves when creating fails, or one resource turns out to be broken. <c>null</c> turns all of it off: each
    /// caller then makes the pool try anew. Default: a default <see cref="FactoryRecoveryOptions"/>.
    /// </summary>
    public FactoryRecoveryOptions? Recovery { get; set; } = new();

    internal bool HasValidationPolicy => (ValidationPolicy ?? (object?)ValidateBy) is not null;

    internal TimeSpan EffectiveCreateTimeout => CreateTimeout ?? AcquireTimeout;

    /// <summary>A copy, for options that differ in a few values.</summary>
    /// <returns>The copy.</returns>
    public ResourcePoolOptions Copy()
    {
        var copy = (ResourcePoolOptions)MemberwiseClone();
        copy.Shedding = Shedding?.Copy();
        copy.Recovery = Recovery?.Copy();
        return copy;
    }
}
