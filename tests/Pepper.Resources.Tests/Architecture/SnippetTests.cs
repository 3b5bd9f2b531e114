using System.Text.RegularExpressions;
using Pepper.Tests;

namespace Pepper.Resources.Tests.Architecture;

/// <summary>
/// Code in the documentation that names its source is that source, to the letter; the source is compiled and run by tests.
/// </summary>
public sealed partial class SnippetTests
{
    [Fact]
    public void Snippets_AreWhatTheirSourcesSay()
    {
        var found = 0;
        List<string> faults = [];
        foreach (var page in Pages())
        {
            foreach (Match match in Snippet().Matches(File.ReadAllText(page)))
            {
                found++;
                var path = match.Groups["path"].Value;
                var source = Path.Combine(Repository.Root, path);
                var code = Normalize(match.Groups["code"].Value);
                if (!File.Exists(source) || !Normalize(File.ReadAllText(source)).Contains(code, StringComparison.Ordinal))
                {
                    faults.Add($"{Repository.Relative(page)}: a block is not part of {path}");
                }
            }
        }

        Assert.True(faults.Count == 0, string.Join('\n', faults));
        Assert.True(found > 0, "No page quotes any code: then this test looks for it in the wrong way.");
    }

    private static IEnumerable<string> Pages() =>
        Directory.EnumerateFiles(Repository.Root, "*.md", SearchOption.AllDirectories)
            .Where(static page => !Repository.Relative(page).StartsWith("artifacts/", StringComparison.Ordinal));

    /// <summary>Indentation may differ: a page shows code from within a block at its own margin.</summary>
    private static string Normalize(string code) =>
        string.Join('\n', code.Split('\n').Select(static line => line.Trim()).Where(static line => line.Length > 0));

    [GeneratedRegex("<!-- from (?<path>[^ ]+) -->\\s*```csharp\\n(?<code>.*?)```", RegexOptions.Singleline)]
    private static partial Regex Snippet();
}
