using Pepper.Resources.Policies;
using Pepper.Resources.Recovery;

namespace Pepper.Resources.Caching;

/// <summary>Says everything that is wrong with a set of options at once.</summary>
internal static class ResourceCacheOptionsValidator
{
    private static readonly TimeSpan LongestAge = TimeSpan.FromDays(3650);

    /// <summary>A copy that nobody else can change.</summary>
    internal static ResourceCacheOptions<TKey, T> Freeze<TKey, T>(ResourceCacheOptions<TKey, T> given)
        where TKey : notnull
        where T : class
    {
        var options = given.Copy();
        OptionFaults faults = new();
        faults.AddName(options.Name);
        if (!Enum.IsDefined(options.Type))
        {
            faults.Add($"Type is {(int)options.Type}, which is no ResourceType.");
        }

        if (!Enum.IsDefined(options.WhenFull))
        {
            faults.Add($"WhenFull is {(int)options.WhenFull}, which is no CacheFullMode.");
        }

        foreach (var fault in options.Recovery?.FindFaults() ?? [])
        {
            faults.Add($"Recovery: {fault}");
        }

        faults.AddCount(nameof(options.Capacity), options.Capacity ?? 1, 1, int.MaxValue);
        faults.AddCount(nameof(options.MaxConcurrentDestroys), options.MaxConcurrentDestroys, 1, 1_000);
        if (options.MaxWeight < 1)
        {
            faults.Add($"MaxWeight is {options.MaxWeight}, but must be 1 or more.");
        }

        if (!EvictionPolicies.Names.Contains(options.Eviction, StringComparer.OrdinalIgnoreCase))
        {
            faults.Add($"Eviction is '{options.Eviction}', but there are: {string.Join(", ", EvictionPolicies.Names)}.");
        }

        if (options.AdmissionPolicy is null
            && !AdmissionPolicies.Names.Contains(options.Admission, StringComparer.OrdinalIgnoreCase))
        {
            faults.Add($"Admission is '{options.Admission}', but there are: {string.Join(", ", AdmissionPolicies.Names)}.");
        }

        AddLimit(faults, nameof(options.RoomTimeout), options.RoomTimeout);
        AddLimit(faults, nameof(options.DestroyTimeout), options.DestroyTimeout);
        AddLimit(faults, nameof(options.DisposeTimeout), options.DisposeTimeout, mayBeZero: true);
        faults.AddTime(nameof(options.LoadTimeout), options.LoadTimeout);
        faults.AddTime(nameof(options.ExpiryInterval), options.ExpiryInterval);
        faults.AddTime(nameof(options.RefreshRetryDelay), options.RefreshRetryDelay);
        AddAges(faults, options);
        faults.ThrowIfAny("cache", options.Name);
        return options;
    }

    private static void AddAges<TKey, T>(OptionFaults faults, ResourceCacheOptions<TKey, T> options)
        where TKey : notnull
        where T : class
    {
        AddAge(faults, nameof(options.TimeToLive), options.TimeToLive);
        AddAge(faults, nameof(options.IdleTimeout), options.IdleTimeout);
        AddAge(faults, nameof(options.RefreshAfter), options.RefreshAfter);
        AddAge(faults, nameof(options.FailureTimeToLive), options.FailureTimeToLive);
        if (options.ServeStaleFor != TimeSpan.Zero)
        {
            AddAge(faults, nameof(options.ServeStaleFor), options.ServeStaleFor);
        }

        AddExpiry(faults, options);
        var hasPolicy = options.ExpiryPolicy is not null || options.IsExpiry(ExpiryPolicies.AfterAccess);
        if (options.RefreshAfter >= options.TimeToLive && !hasPolicy)
        {
            faults.Add($"RefreshAfter is {options.RefreshAfter}, but must be below TimeToLive ({options.TimeToLive}).");
        }

        if (options.ServeStaleFor > TimeSpan.Zero && options.TimeToLive is null && options.Lifetime is null && !hasPolicy)
        {
            faults.Add($"ServeStaleFor is {options.ServeStaleFor}, but without TimeToLive, Lifetime or an expiry policy "
                + "nothing grows stale.");
        }

        if (options.UniqueKeys && (options.RefreshAfter is not null || options.ServeStaleFor > TimeSpan.Zero))
        {
            faults.Add("UniqueKeys allows one resource of a key at a time, but RefreshAfter and ServeStaleFor need two.");
        }
    }

    private static void AddExpiry<TKey, T>(OptionFaults faults, ResourceCacheOptions<TKey, T> options)
        where TKey : notnull
        where T : class
    {
        var name = options.ExpiryPolicy is null ? options.Expiry : null;
        if (name is not null && !ExpiryPolicies.Names.Contains(name, StringComparer.OrdinalIgnoreCase))
        {
            faults.Add($"Expiry is '{name}', but there are: {string.Join(", ", ExpiryPolicies.Names)}.");
            return;
        }

        var isNever = options.IsExpiry(ExpiryPolicies.Never);
        var isAfterAccess = options.IsExpiry(ExpiryPolicies.AfterAccess);
        if (isNever && (options.TimeToLive ?? options.RefreshAfter) is not null)
        {
            faults.Add($"Expiry is '{name}', but TimeToLive is {options.TimeToLive?.ToString() ?? "not set"} and RefreshAfter is "
                + $"{options.RefreshAfter?.ToString() ?? "not set"}.");
        }

        if (isAfterAccess && options.TimeToLive is null)
        {
            faults.Add($"Expiry is '{name}', but TimeToLive, which says after how long, is not set.");
        }

        if (options.Lifetime is not null && (isNever || isAfterAccess || options.ExpiryPolicy is not null))
        {
            faults.Add("Lifetime is set, but so is an expiry policy, which says alone until when an entry is good. "
                + "ExpiryPolicies.PerEntry makes one of a delegate.");
        }

        if (options.IdleTimeout is { } idle && (isAfterAccess || options.ExpiryPolicy is { CountsReads: true }))
        {
            faults.Add($"IdleTimeout is {idle}, but the expiry policy counts reads, and has to say both.");
        }
    }

    private static void AddAge(OptionFaults faults, string option, TimeSpan? value)
    {
        if (value is { } age && (age <= TimeSpan.Zero || age > LongestAge))
        {
            faults.Add($"{option} is {age}, but must be above zero, and {LongestAge} at most.");
        }
    }

    private static void AddLimit(OptionFaults faults, string option, TimeSpan value, bool mayBeZero = false)
    {
        if (value != Timeout.InfiniteTimeSpan)
        {
            faults.AddTime(option, value, mayBeZero);
        }
    }
}
