namespace Pepper.Benchmarks;

/// <summary>What was asked of <c>outage</c>.</summary>
internal sealed record OutageOptions
{
    /// <summary>Only faults whose name contains this.</summary>
    public string? Only { get; private init; }

    /// <summary>How long each outage lasts. Default: what its fault says.</summary>
    public int? Seconds { get; private init; }

    /// <summary>A folder for the Markdown. Default: bench/results, when a whole run is made from the repository's root.</summary>
    public string? ResultsFolder { get; private init; }

    internal static OutageOptions? Parse(ReadOnlySpan<string> arguments, TextWriter errors)
    {
        var options = new OutageOptions();
        for (var index = 0; index < arguments.Length; index += 2)
        {
            var value = index + 1 < arguments.Length ? arguments[index + 1] : null;
            switch (arguments[index])
            {
                case "--only" when value is not null:
                    options = options with { Only = value };
                    break;
                case "--seconds" when int.TryParse(value, out var seconds) && seconds is > 0 and <= 600:
                    options = options with { Seconds = seconds };
                    break;
                case "--results" when value is not null:
                    options = options with { ResultsFolder = value };
                    break;
                default:
                    errors.WriteLine("outage takes --only TEXT, --seconds 1..600 and --results FOLDER");
                    return null;
            }
        }

        var isWhole = options is { ResultsFolder: null, Only: null, Seconds: null };
        return isWhole && Directory.Exists("bench")
            ? options with { ResultsFolder = Path.Combine("bench", "results") }
            : options;
    }
}
