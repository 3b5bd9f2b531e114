using System.Text.RegularExpressions;
using Pepper.Tests;

namespace Pepper.Resources.Tests.Architecture;

/// <summary>docs/requirements.md: every row is there, and what a row names exists.</summary>
public sealed partial class RequirementsTests
{
    private const string Later = "later";

    private static readonly (string Document, int Rows)[] Documents =
        [("080", 14), ("026", 8), ("006", 6), ("088", 7), ("084", 9)];

    private sealed record Row(string Name, string What, string Code, string Test);

    [Fact]
    public void Rows_AreAllThere_EachOnce() =>
        Assert.Equal(
            Documents.SelectMany(document => Enumerable.Range(1, document.Rows).Select(row => $"{document.Document}.{row}")),
            Rows(Page()).Select(row => row.Name),
            StringComparer.Ordinal);

    [Fact]
    public void Rows_NameCodeAndTestsThatExist() =>
        Offenders.AssertNone("Rows of docs/requirements.md that say what is not so:", Rows(Page()).SelectMany(Faults));

    [Theory]
    [InlineData("| 080.1 | x | later | later |", "")]
    [InlineData("| 080.1 | x | `Pepper.slnx` `docs/requirements.md` | `RequirementsTests.Faults_Row_SaysWhatIsWrong` |", "")]
    [InlineData("| 080.1 | x | `src` | `RequirementsTests`, `ArrowsTests` |", "")]
    [InlineData("| 080.1 | x | `nowhere.cs` | `RequirementsTests` |", "080.1: no file or folder nowhere.cs")]
    [InlineData("| 080.1 | x | `src` | `NoSuchTests` |", "080.1: no test class NoSuchTests")]
    [InlineData("| 080.1 | x | `src` | `ArrowsTests.NoSuch` |", "080.1: no test ArrowsTests.NoSuch")]
    [InlineData("| 080.1 | x | later | `ArrowsTests` |", "080.1: code and test are both named, or both later")]
    [InlineData("| 080.1 | x | src | `ArrowsTests` |", "080.1: the code column names nothing in backticks")]
    [InlineData("| 080.1 | | later | later |", "080.1: says nothing")]
    public void Faults_Row_SaysWhatIsWrong(string line, string fault) =>
        Assert.Equal(fault, string.Join('\n', Faults(Assert.Single(Rows(line)))));

    private static string Page() => File.ReadAllText(Repository.PathOf("docs", "requirements.md"));

    private static IEnumerable<Row> Rows(string page) =>
        from line in page.ReplaceLineEndings("\n").Split('\n')
        let cells = line.Split('|')
        where cells.Length >= 6 && RowName().IsMatch(cells[1].Trim())
        select new Row(cells[1].Trim(), cells[2].Trim(), cells[3].Trim(), cells[4].Trim());

    private static IEnumerable<string> Faults(Row row)
    {
        var faults = new List<string>();
        if (row.What.Length == 0)
        {
            faults.Add("says nothing");
        }

        if (row.Code == Later != (row.Test == Later))
        {
            faults.Add("code and test are both named, or both later");
        }
        else if (row.Code != Later)
        {
            faults.AddRange(Named(row.Code, "code").Concat(Named(row.Test, "test")));
            faults.AddRange(Names(row.Code).Where(path => !Path.Exists(Repository.PathOf(path)))
                .Select(path => $"no file or folder {path}"));
            faults.AddRange(Names(row.Test).Select(NamedTests.Fault).OfType<string>());
        }

        return faults.Select(fault => $"{row.Name}: {fault}");
    }

    private static IEnumerable<string> Named(string cell, string column) =>
        Names(cell).Any() ? [] : [$"the {column} column names nothing in backticks"];

    private static IEnumerable<string> Names(string cell) =>
        Backticked().Matches(cell).Select(found => found.Groups["name"].Value);

    [GeneratedRegex(@"^\d{3}\.\d+$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex RowName();

    [GeneratedRegex("`(?<name>[^`]+)`", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Backticked();
}
