namespace Pepper.Resources.Pooling;

/// <summary>Finds all faults of a keyed pool's options at once, those of its template included.</summary>
internal static class KeyedResourcePoolOptionsValidator
{
    internal static void Validate<TKey>(KeyedResourcePoolOptions<TKey> options)
        where TKey : notnull
    {
        List<string> faults = [];
        if (string.IsNullOrWhiteSpace(options.Name))
        {
            faults.Add("Name must not be empty.");
        }

        AddCountFault(faults, nameof(options.MaxTotal), options.MaxTotal);
        AddCountFault(faults, nameof(options.MaxKeys), options.MaxKeys);
        if (options.KeyIdleTimeout is { } timeout && timeout <= TimeSpan.Zero)
        {
            faults.Add($"KeyIdleTimeout is {timeout}, but must be greater than zero, or null.");
        }

        if (options.PerKey is { } template)
        {
            var named = template.Copy();
            named.Name = "key";
            faults.AddRange(ResourcePoolOptionsValidator.FindFaults(named).Select(static fault => $"PerKey: {fault}"));
            AddMinimumFault(faults, "PerKey: ", template, options.MaxTotal);
        }
        else
        {
            faults.Add("PerKey must not be null.");
        }

        if (faults.Count > 0)
        {
            throw new ArgumentException(
                $"The options of keyed pool '{options.Name}' have {faults.Count} fault(s): {string.Join(' ', faults)}",
                nameof(options));
        }
    }

    /// <summary>The same for the options of one key, which its own configuration may have changed.</summary>
    internal static void Validate(ResourcePoolOptions options, int? maxTotal)
    {
        var faults = ResourcePoolOptionsValidator.FindFaults(options);
        AddMinimumFault(faults, string.Empty, options, maxTotal);
        if (faults.Count > 0)
        {
            throw new ArgumentException(
                $"The options of pool '{options.Name}' have {faults.Count} fault(s): {string.Join(' ', faults)}",
                nameof(options));
        }
    }

    private static void AddCountFault(List<string> faults, string name, int? value)
    {
        if (value is < 1)
        {
            faults.Add($"{name} is {value}, but must be 1 or more, or null.");
        }
    }

    private static void AddMinimumFault(List<string> faults, string prefix, ResourcePoolOptions options, int? maxTotal)
    {
        if (options.MinSize > maxTotal)
        {
            faults.Add($"{prefix}MinSize is {options.MinSize}, but must not exceed MaxTotal ({maxTotal}).");
        }
    }
}
