using System.Text.RegularExpressions;
using Pepper.Tests;

namespace Pepper.Resources.Tests.Architecture;

/// <summary>docs/pool-features.md: what is there names its proof, what is not says why, and names are of something.</summary>
public sealed partial class PoolFeaturesTests
{
    private const int Features = 41;
    private const int Behaviours = 16;
    private const string None = "–";

    private sealed record Row(string Name, string Status, string How, string Test);

    [Fact]
    public void Rows_AreAllThere_EachOnce()
    {
        Assert.Equal(Features, Feature(Page()).Select(row => row.Name).Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(Features, Feature(Page()).Count());
        Assert.Equal(Behaviours, Behaviour(Page()).Select(row => row.Name).Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public void Rows_NameOptionsAndTestsThatExist() =>
        Offenders.AssertNone(
            "Rows of docs/pool-features.md that say what is not so:",
            Feature(Page()).Concat(Behaviour(Page())).SelectMany(row => Faults(row, Api())));

    [Theory]
    [InlineData("| x | yes | `MaxSize` | `ArrowsTests`, `PoolFeaturesTests.Faults_Row_SaysWhatIsWrong` |", "")]
    [InlineData("| x | not yet | it is not there | – |", "")]
    [InlineData("| x | yes | `MaxWaiters` | `ArrowsTests` |", "x: no name MaxWaiters")]
    [InlineData("| x | yes | always | – |", "x: names no test")]
    [InlineData("| x | partly | a bit | `NoSuchTests.No` |", "x: no test class NoSuchTests")]
    [InlineData("| x | yes | always | `ArrowsTests.NoSuch` |", "x: no test ArrowsTests.NoSuch")]
    [InlineData("| x | not applicable | because | `ArrowsTests` |", "x: names a test of what is not there")]
    [InlineData("| x | maybe | always | `ArrowsTests` |", "x: no status maybe")]
    [InlineData("| x | yes | | `ArrowsTests` |", "x: says nothing")]
    public void Faults_Row_SaysWhatIsWrong(string line, string fault) =>
        Assert.Equal(fault, string.Join('\n', Faults(Assert.Single(Feature(line)), new HashSet<string>(["MaxSize"]))));

    private static string Page() => File.ReadAllText(Repository.PathOf("docs", "pool-features.md"));

    /// <summary>Every word of the public surface, and the platform's clock.</summary>
    private static HashSet<string> Api() =>
    [
        .. Word().Matches(File.ReadAllText(Repository.PathOf("src", "Pepper.Resources", "PublicApi.txt")))
            .Select(found => found.Value),
        nameof(TimeProvider),
    ];

    private static IEnumerable<Row> Feature(string page) =>
        Cells(page, 4).Select(cells => new Row(cells[0], cells[1], cells[2], cells[3]));

    private static IEnumerable<Row> Behaviour(string page) =>
        Cells(page, 3).Select(cells => new Row(cells[0], "yes", cells[1], cells[2]));

    private static IEnumerable<string[]> Cells(string page, int columns) =>
        page.ReplaceLineEndings("\n").Split('\n')
            .Where(line => line.StartsWith("| ", StringComparison.Ordinal))
            .Select(line => line.Split('|')[1..^1].Select(cell => cell.Trim()).ToArray())
            .Where(cells => cells.Length == columns && cells[0] is not ("feature" or "behaviour"));

    private static IEnumerable<string> Faults(Row row, IReadOnlySet<string> api)
    {
        List<string> faults = [];
        var tests = Names(row.Test).ToList();
        if (row.How.Length == 0)
        {
            faults.Add("says nothing");
        }

        if (row.Status is "yes" or "partly")
        {
            faults.AddRange(tests.Count == 0 ? ["names no test"] : tests.Select(NamedTests.Fault).OfType<string>());
        }
        else if (row.Status is not ("not yet" or "not applicable"))
        {
            faults.Add($"no status {row.Status}");
        }
        else if (row.Test != None)
        {
            faults.Add("names a test of what is not there");
        }

        faults.AddRange(Names(row.How).SelectMany(name => Word().Matches(name).Select(found => found.Value))
            .Where(name => !api.Contains(name)).Select(name => $"no name {name}"));
        return faults.Select(fault => $"{row.Name}: {fault}");
    }

    private static IEnumerable<string> Names(string cell) =>
        Backticked().Matches(cell).Select(found => found.Groups["name"].Value);

    [GeneratedRegex("`(?<name>[^`]+)`", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Backticked();

    [GeneratedRegex(@"[A-Za-z_]\w*", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Word();
}
