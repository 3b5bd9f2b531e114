using Pepper.Tests;

namespace Pepper.Resources.Tests.Providers;

/// <summary>Requirement 084.9: what two providers need stands in one place, their base.</summary>
public sealed class ProviderDuplicationTests
{
    private const int Longest = 7;

    [Fact]
    public void Providers_RepeatNoLinesOfEachOther()
    {
        var seen = new Dictionary<string, string>(StringComparer.Ordinal);
        List<string> repeated = [];
        foreach (var file in Repository.Files(
            ".cs", "src/Pepper.Resources/Providers", "src/Pepper.Resources.Sqlite", "src/Pepper.Resources.PostgreSql",
            "src/Pepper.Resources.AI"))
        {
            var lines = CodeOf(file);
            for (var at = 0; at + Longest < lines.Count; at++)
            {
                var run = string.Join('\n', lines.Skip(at).Take(Longest + 1).Select(static line => line.Text));
                var place = $"{Repository.Relative(file)}:{lines[at].Number}";
                if (!seen.TryAdd(run, place))
                {
                    repeated.Add($"{place} repeats {seen[run]}");
                }
            }
        }

        Offenders.AssertNone($"No two places of providers have {Longest + 1} lines of code in common:", repeated);
    }

    /// <summary>The lines that say something: no comments, usings, braces alone, or blank ones.</summary>
    private static List<(int Number, string Text)> CodeOf(string file) =>
    [
        .. File.ReadLines(file).Select(static (line, index) => (Number: index + 1, Text: line.Trim()))
            .Where(static line => line.Text.Any(char.IsLetter)
                && !line.Text.StartsWith("//", StringComparison.Ordinal)
                && !line.Text.StartsWith("using ", StringComparison.Ordinal)),
    ];
}
