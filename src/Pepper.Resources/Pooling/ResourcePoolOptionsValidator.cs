using Pepper.Resources.Policies;

namespace Pepper.Resources.Pooling;

/// <summary>Finds all faults of a pool's options at once.</summary>
internal static class ResourcePoolOptionsValidator
{
    internal const int LargestSize = 65_536;

    private static readonly TimeSpan LongestBackOff = TimeSpan.FromSeconds(30);

    internal static void Validate(ResourcePoolOptions options)
    {
        var faults = FindFaults(options);
        if (faults.Count > 0)
        {
            throw new ArgumentException(
                $"The options of pool '{options.Name}' have {faults.Count} fault(s): {string.Join(' ', faults)}",
                nameof(options));
        }
    }

    internal static List<string> FindFaults(ResourcePoolOptions options)
    {
        List<string> faults = [];
        if (string.IsNullOrWhiteSpace(options.Name))
        {
            faults.Add("Name must not be empty.");
        }

        AddSizeFaults(faults, options.MinSize, options.MaxSize);
        AddTimeFaults(faults, options);
        AddCountFaults(faults, options);
        AddPolicyFaults(faults, options);
        AddSheddingFaults(faults, options.Shedding);
        faults.AddRange(options.Recovery?.FindFaults().Select(static fault => $"Recovery: {fault}") ?? []);
        return faults;
    }

    internal static void ValidateSizes(string pool, int minSize, int maxSize)
    {
        List<string> faults = [];
        AddSizeFaults(faults, minSize, maxSize);
        if (faults.Count > 0)
        {
            throw new ArgumentException($"Pool '{pool}' cannot be resized: {string.Join(' ', faults)}");
        }
    }

    private static void AddSizeFaults(List<string> faults, int minSize, int maxSize)
    {
        if (maxSize is < 1 or > LargestSize)
        {
            faults.Add($"MaxSize is {maxSize}, but must be 1 to {LargestSize}.");
        }

        if (minSize < 0 || minSize > maxSize)
        {
            faults.Add($"MinSize is {minSize}, but must be 0 to MaxSize ({maxSize}).");
        }
    }

    private static void AddTimeFaults(List<string> faults, ResourcePoolOptions options)
    {
        if (options.AcquireTimeout < TimeSpan.Zero && options.AcquireTimeout != Timeout.InfiniteTimeSpan)
        {
            faults.Add(
                $"AcquireTimeout is {options.AcquireTimeout}, but must not be negative (Timeout.InfiniteTimeSpan for no limit).");
        }

        AddTimeFault(faults, nameof(options.CreateTimeout), options.CreateTimeout, isInfiniteAllowed: true);
        AddTimeFault(faults, nameof(options.ValidateTimeout), options.ValidateTimeout, isInfiniteAllowed: true);
        AddTimeFault(faults, nameof(options.ResetTimeout), options.ResetTimeout, isInfiniteAllowed: true);
        AddTimeFault(faults, nameof(options.DestroyTimeout), options.DestroyTimeout, isInfiniteAllowed: true);
        AddTimeFault(faults, nameof(options.IdleTimeout), options.IdleTimeout);
        AddTimeFault(faults, nameof(options.MaxLifetime), options.MaxLifetime);
        AddTimeFault(faults, nameof(options.LeakThreshold), options.LeakThreshold);
        AddTimeFault(faults, nameof(options.KeepAliveInterval), options.KeepAliveInterval);
        if (options.CreateBackOff < TimeSpan.Zero || options.CreateBackOff > LongestBackOff)
        {
            faults.Add($"CreateBackOff is {options.CreateBackOff}, but must be zero to {LongestBackOff}.");
        }

        if (options.FailFastOnBackOff && options.CreateBackOff == TimeSpan.Zero)
        {
            faults.Add("FailFastOnBackOff is true, but CreateBackOff, during which callers are told at once, is zero.");
        }

        if (options.ValidateAfterIdle < TimeSpan.Zero)
        {
            faults.Add($"ValidateAfterIdle is {options.ValidateAfterIdle}, but must not be negative.");
        }

        if (!(options.LifetimeJitter is >= 0 and <= 1))
        {
            faults.Add($"LifetimeJitter is {options.LifetimeJitter}, but must be 0 to 1.");
        }
    }

    private static void AddTimeFault(List<string> faults, string name, TimeSpan? value, bool isInfiniteAllowed = false)
    {
        if (value is { } given && given <= TimeSpan.Zero && !(isInfiniteAllowed && given == Timeout.InfiniteTimeSpan))
        {
            faults.Add($"{name} is {given}, but must be greater than zero, or null.");
        }
    }

    private static void AddPolicyFaults(List<string> faults, ResourcePoolOptions options)
    {
        if (!options.HasValidationPolicy)
        {
            return;
        }

        var name = options.ValidationPolicy is null ? options.ValidateBy! : null;
        if (name is not null && !ValidationPolicies.Names.Contains(name, StringComparer.OrdinalIgnoreCase))
        {
            faults.Add($"ValidateBy is '{name}', but there are: {string.Join(", ", ValidationPolicies.Names)}.");
        }

        if ((options.Validation & ValidationMode.OnBorrow) == ValidationMode.None)
        {
            faults.Add($"ValidateBy or ValidationPolicy is set, but Validation ({options.Validation}) is without OnBorrow.");
        }

        if (options.ValidateAfterIdle > TimeSpan.Zero
            && !string.Equals(name, ValidationPolicies.Default, StringComparison.OrdinalIgnoreCase))
        {
            faults.Add($"ValidateAfterIdle is {options.ValidateAfterIdle}, but a validation policy is set, which says it alone.");
        }
    }

    private static void AddSheddingFaults(List<string> faults, SheddingOptions? shedding)
    {
        if (shedding is null)
        {
            return;
        }

        if (shedding.Target < TimeSpan.FromMilliseconds(1))
        {
            faults.Add($"Shedding.Target is {shedding.Target}, but must be at least a millisecond.");
        }

        if (shedding.Interval <= TimeSpan.Zero || shedding.Interval < shedding.Target)
        {
            faults.Add($"Shedding.Interval is {shedding.Interval}, but must be at least Shedding.Target ({shedding.Target}).");
        }
    }

    private static void AddCountFaults(List<string> faults, ResourcePoolOptions options)
    {
        if (options.MaxUses is < 1)
        {
            faults.Add($"MaxUses is {options.MaxUses}, but must be 1 or more, or null.");
        }

        if (options.MaxWaiters is < 0)
        {
            faults.Add($"MaxWaiters is {options.MaxWaiters}, but must not be negative, or be null.");
        }

        if (options.MaxConcurrentCreates < 1)
        {
            faults.Add($"MaxConcurrentCreates is {options.MaxConcurrentCreates}, but must be 1 or more.");
        }

        if (options.StackCapture < 0)
        {
            faults.Add($"StackCapture is {options.StackCapture}, but must be 0 (never), 1 (each loan) or n (one loan in n).");
        }

        if (!Enum.IsDefined(options.Type))
        {
            faults.Add($"Type is {(int)options.Type}, which is no {nameof(ResourceType)}.");
        }

        const ValidationMode all = ValidationMode.OnBorrow | ValidationMode.OnReturn | ValidationMode.WhileIdle
            | ValidationMode.OnCreate;
        if ((options.Validation & ~all) != ValidationMode.None)
        {
            faults.Add($"Validation is {(int)options.Validation}, which is no {nameof(ValidationMode)}.");
        }

        if (!Enum.IsDefined(options.WakeUp))
        {
            faults.Add($"WakeUp is {(int)options.WakeUp}, which is no {nameof(WakeUp)}.");
        }

        if (!Enum.IsDefined(options.IdleOrder))
        {
            faults.Add($"IdleOrder is {(int)options.IdleOrder}, which is no {nameof(IdleOrder)}.");
        }

        if (options.ReclaimLeaked && options.LeakThreshold is null)
        {
            faults.Add("ReclaimLeaked is true, but LeakThreshold, after which a lease is taken for leaked, is null.");
        }
    }
}
