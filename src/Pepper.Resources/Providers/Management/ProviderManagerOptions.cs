using Pepper.Resources.Recovery;

namespace Pepper.Resources.Providers;

/// <summary>
/// How a <see cref="ProviderManager"/> behaves. The manager copies what it is given: later changes have no effect.
/// </summary>
public sealed class ProviderManagerOptions
{
    /// <summary>The manager's name in messages: not empty. Default: <c>providers</c>.</summary>
    public string Name { get; set; } = "providers";

    /// <summary>
    /// How long each of validating, building, initialising and the health check of one provider may take: above zero, to 1 day.
    /// Default: 30 seconds.
    /// </summary>
    public TimeSpan StageTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long the holders of one provider are waited for: zero to 1 day. Default: 30 seconds. After it the last holder's
    /// return cleans up.
    /// </summary>
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long cleaning up one provider may take: above zero, to 1 day. Default: 30 seconds.</summary>
    public TimeSpan CleanupTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long a stage may go on after its token was cancelled before it is abandoned: zero to 1 day. Default: 5 seconds. What
    /// was abandoned is cleaned up when it ends.
    /// </summary>
    public TimeSpan CancellationGrace { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Whether unregistering a provider unregisters those first that depend on it. Default: false, it is refused.
    /// </summary>
    public bool CascadeUnregister { get; set; }

    internal ProviderManagerOptions Freeze()
    {
        var faults = new OptionFaults();
        faults.AddName(Name);
        faults.AddTime(nameof(StageTimeout), StageTimeout);
        faults.AddTime(nameof(DrainTimeout), DrainTimeout, mayBeZero: true);
        faults.AddTime(nameof(CleanupTimeout), CleanupTimeout);
        faults.AddTime(nameof(CancellationGrace), CancellationGrace, mayBeZero: true);
        faults.ThrowIfAny("provider manager", Name);
        return (ProviderManagerOptions)MemberwiseClone();
    }
}
