namespace Pepper.Resources;

/// <summary>
/// How a <see cref="ResourceManager"/> behaves. The manager copies what it is given: later changes have no effect.
/// </summary>
public sealed class ResourceManagerOptions
{
    /// <summary>
    /// The manager's name, which is the <c>pool</c> label of its resources' metrics: not empty. Default: <c>registry</c>.
    /// </summary>
    public string Name { get; set; } = "registry";

    /// <summary>
    /// How long a release waits for the holders of a resource: zero or more, or <see cref="Timeout.InfiniteTimeSpan"/>.
    /// Default: 30 seconds. After it the last holder's return cleans up.
    /// </summary>
    public TimeSpan ReleaseTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long cleaning up one resource may take: more than zero, or <see cref="Timeout.InfiniteTimeSpan"/>. Default: 30
    /// seconds. After it the resource is forgotten all the same, and its cleanup goes on unattended.
    /// </summary>
    public TimeSpan CleanupTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long making one resource may take, where the manager makes it: more than zero, or
    /// <see cref="Timeout.InfiniteTimeSpan"/>. Default: 30 seconds. After it that has failed, and what it still makes is cleaned
    /// up.
    /// </summary>
    public TimeSpan CreateTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Whether each lease notes the trace that it was asked for in. Default: false.</summary>
    public bool TrackTraces { get; set; }

    internal ResourceManagerOptions Freeze()
    {
        List<string> faults = [];
        if (string.IsNullOrWhiteSpace(Name))
        {
            faults.Add("Name must not be empty.");
        }

        if (ReleaseTimeout < TimeSpan.Zero && ReleaseTimeout != Timeout.InfiniteTimeSpan)
        {
            faults.Add($"ReleaseTimeout is {ReleaseTimeout}, but must not be negative (Timeout.InfiniteTimeSpan for no limit).");
        }

        if (CleanupTimeout <= TimeSpan.Zero && CleanupTimeout != Timeout.InfiniteTimeSpan)
        {
            faults.Add($"CleanupTimeout is {CleanupTimeout}, but must be above zero (Timeout.InfiniteTimeSpan for no limit).");
        }

        if (CreateTimeout <= TimeSpan.Zero && CreateTimeout != Timeout.InfiniteTimeSpan)
        {
            faults.Add($"CreateTimeout is {CreateTimeout}, but must be above zero (Timeout.InfiniteTimeSpan for no limit).");
        }

        return faults.Count == 0
            ? (ResourceManagerOptions)MemberwiseClone()
            : throw new ArgumentException(
                $"The options of resource manager '{Name}' have {faults.Count} fault(s): {string.Join(' ', faults)}");
    }
}
