namespace Pepper.Benchmarks.Memories;

/// <summary>What was asked of <c>memories</c>.</summary>
internal sealed record MemoriesOptions
{
    public int Entries { get; private init; } = 100_000;

    public int Queries { get; private init; } = 200;

    /// <summary>How often two writers meet with one ETag.</summary>
    public int Rounds { get; private init; } = 1_000;

    public string? ResultsFolder { get; private init; }

    internal static MemoriesOptions? Parse(ReadOnlySpan<string> arguments, TextWriter errors)
    {
        var options = new MemoriesOptions();
        for (var index = 0; index < arguments.Length; index += 2)
        {
            var text = index + 1 < arguments.Length ? arguments[index + 1] : null;
            var isNumber = int.TryParse(text, out var value);
            switch (arguments[index])
            {
                case "--entries" when isNumber && value is >= 1_000 and <= 1_000_000:
                    options = options with { Entries = value };
                    break;
                case "--queries" when isNumber && value is >= 10 and <= 100_000:
                    options = options with { Queries = value };
                    break;
                case "--rounds" when isNumber && value is > 0 and <= 100_000:
                    options = options with { Rounds = value };
                    break;
                case "--results" when text is not null:
                    options = options with { ResultsFolder = text };
                    break;
                default:
                    errors.WriteLine(
                        "memories takes --entries 1000..1000000, --queries 10..100000, --rounds 1..100000 and --results FOLDER");
                    return null;
            }
        }

        return options;
    }
}
