namespace Pepper.Benchmarks;

/// <summary>What was asked of <c>compare</c>.</summary>
internal sealed record CompareOptions
{
    public int Rounds { get; private init; } = 5;

    /// <summary>Only scenarios whose name contains this.</summary>
    public string? Only { get; private init; }

    public string? JsonFile { get; private init; }

    /// <summary>A folder for the Markdown. Default: bench/results, when a whole run is made from the repository's root.</summary>
    public string? ResultsFolder { get; private init; }

    internal static CompareOptions? Parse(ReadOnlySpan<string> arguments, TextWriter errors)
    {
        var options = new CompareOptions();
        for (var index = 0; index < arguments.Length; index += 2)
        {
            var value = index + 1 < arguments.Length ? arguments[index + 1] : null;
            if (value is null)
            {
                errors.WriteLine($"{arguments[index]} needs a value");
                return null;
            }

            switch (arguments[index])
            {
                case "--rounds" when int.TryParse(value, out var rounds) && rounds is > 0 and <= 1000:
                    options = options with { Rounds = rounds };
                    break;
                case "--only":
                    options = options with { Only = value };
                    break;
                case "--json":
                    options = options with { JsonFile = value };
                    break;
                case "--results":
                    options = options with { ResultsFolder = value };
                    break;
                default:
                    errors.WriteLine(
                        $"{arguments[index]} {value} is not understood; there are --rounds 1..1000, --only TEXT, --json FILE, "
                        + "--results FOLDER");
                    return null;
            }
        }

        return options.ResultsFolder is null && options.Only is null && Directory.Exists("bench")
            ? options with { ResultsFolder = Path.Combine("bench", "results") }
            : options;
    }
}
