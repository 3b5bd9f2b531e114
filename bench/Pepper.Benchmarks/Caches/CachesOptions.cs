namespace Pepper.Benchmarks;

/// <summary>What was asked of <c>caches</c>.</summary>
internal sealed record CachesOptions
{
    /// <summary>A folder of traces: <c>*.txt.gz</c> or <c>*.txt</c>, one key a line.</summary>
    public required string TraceFolder { get; init; }

    /// <summary>A folder for the Markdown. Default: bench/results, when the run is made from the repository's root.</summary>
    public string? ResultsFolder { get; private init; }

    internal static CachesOptions? Parse(ReadOnlySpan<string> arguments, TextWriter errors)
    {
        CachesOptions? options = null;
        string? results = Directory.Exists("bench") ? Path.Combine("bench", "results") : null;
        for (var index = 0; index < arguments.Length; index += 2)
        {
            var value = index + 1 < arguments.Length ? arguments[index + 1] : null;
            switch (arguments[index])
            {
                case "--traces" when Directory.Exists(value):
                    options = new CachesOptions { TraceFolder = value };
                    break;
                case "--results" when value is not null:
                    results = value;
                    break;
                default:
                    errors.WriteLine("caches takes --traces FOLDER, which must exist, and --results FOLDER");
                    return null;
            }
        }

        if (options is null)
        {
            errors.WriteLine("caches needs --traces FOLDER: a folder of *.txt.gz or *.txt, one key a line");
        }

        return options is null ? null : options with { ResultsFolder = results };
    }
}
