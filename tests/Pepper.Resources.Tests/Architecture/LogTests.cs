using System.Globalization;
using System.Text.RegularExpressions;
using Pepper.Tests;

namespace Pepper.Resources.Tests.Architecture;

/// <summary>Event ids are a contract: each is used once, and docs/logs.md lists it.</summary>
public sealed partial class LogTests
{
    private static IEnumerable<int> Ids =>
        Directory.EnumerateFiles(Repository.PathOf("src"), "*Log.cs", SearchOption.AllDirectories)
            .SelectMany(static file => Message().Matches(File.ReadAllText(file)))
            .Select(static match => int.Parse(match.Groups["id"].Value, CultureInfo.InvariantCulture));

    [Fact]
    public void EventIds_AreUsedOnce()
    {
        var twice = Ids.GroupBy(static id => id).Where(static same => same.Count() > 1).Select(static same => same.Key);
        Assert.Empty(twice);
    }

    [Fact]
    public void EventIds_AreListedInTheDocumentation()
    {
        var page = File.ReadAllText(Repository.PathOf("docs", "logs.md"));
        Assert.NotEmpty(Ids);
        Assert.DoesNotContain(Ids, id => !page.Contains($"| {id} |", StringComparison.Ordinal));
    }

    [GeneratedRegex(@"\[LoggerMessage\(\s*(EventId = )?(?<id>\d+)", RegexOptions.ExplicitCapture)]
    private static partial Regex Message();
}
