namespace Pepper.Benchmarks;

/// <summary>What was asked of <c>memory</c>.</summary>
internal sealed record MemoryOptions
{
    public int Rounds { get; private init; } = 3;

    public int Clients { get; private init; } = 200;

    /// <summary>How often each client gets a connection.</summary>
    public int Works { get; private init; } = 20;

    internal static MemoryOptions? Parse(ReadOnlySpan<string> arguments, TextWriter errors)
    {
        var options = new MemoryOptions();
        for (var index = 0; index < arguments.Length; index += 2)
        {
            var isNumber = int.TryParse(index + 1 < arguments.Length ? arguments[index + 1] : null, out var value);
            switch (arguments[index])
            {
                case "--rounds" when isNumber && value is > 0 and <= 1000:
                    options = options with { Rounds = value };
                    break;
                case "--clients" when isNumber && value is > 0 and <= 5000:
                    options = options with { Clients = value };
                    break;
                case "--works" when isNumber && value is > 0 and <= 100_000:
                    options = options with { Works = value };
                    break;
                default:
                    errors.WriteLine("memory takes --rounds 1..1000, --clients 1..5000 and --works 1..100000");
                    return null;
            }
        }

        return options;
    }
}
