using System.Text.RegularExpressions;
using System.Xml.Linq;
using Pepper.Tests;

namespace Pepper.Resources.Tests.Architecture;

public sealed partial class DocumentationTests
{
    [Fact]
    public void Libraries_WriteDocumentation_AndErrOnAMissingComment()
    {
        Assert.Equal("true", Property(Repository.PathOf("Directory.Build.props"), "TreatWarningsAsErrors"));
        Assert.Equal("true", Property(Repository.PathOf("src", "Directory.Build.props"), "GenerateDocumentationFile"));
        Offenders.AssertNone(
            "Libraries generate their documentation file, as src/Directory.Build.props has it:",
            Repository.Files(".csproj", "src").Where(file => !file.Contains("Pepper.Cli", StringComparison.Ordinal))
                .Where(file => Property(file, "GenerateDocumentationFile") is not (null or "true")).Select(Repository.Relative));
    }

    [Fact]
    public void MissingComments_AreSuppressedNowhere()
    {
        var files = Repository.Files("", "src")
            .Where(file => Path.GetExtension(file) is ".cs" or ".csproj" or ".props" or ".targets")
            .Append(Repository.PathOf("Directory.Build.props")).Append(Repository.PathOf(".editorconfig"));
        Offenders.AssertNone(
            "Every public member of a library has a comment; CS1591 is not suppressed:",
            files.SelectMany(file => File.ReadLines(file).Select((line, index) => (line, index))
                .Where(one => MissingComment().IsMatch(one.line))
                .Select(one => $"{Repository.Relative(file)}:{one.index + 1}: {one.line.Trim()}")));
    }

    [Fact]
    public void Links_InMarkdown_LeadSomewhere() =>
        Offenders.AssertNone(
            "Relative links in Markdown that lead nowhere:",
            Repository.Files(".md").SelectMany(file => Links(File.ReadAllText(file))
                .Where(link => !Leads(file, link)).Select(link => $"{Repository.Relative(file)}: {link}")));

    [Fact]
    public void Links_InText_AreThoseOutsideCode() =>
        Assert.Equal(
            ["a.md", "b.md#part", "c.md"],
            Links("""
                [a](a.md) and ![b](b.md#part "title") `[x](x.md)`
                ```
                [y](y.md)
                ```
                [w](https://example.org)
                [c]: c.md
                """),
            StringComparer.Ordinal);

    private static IEnumerable<string> Links(string markdown)
    {
        var prose = Code().Replace(markdown.ReplaceLineEndings("\n"), "");
        return Link().Matches(prose).Select(found => found.Groups["target"].Value)
            .Where(target => !Scheme().IsMatch(target));
    }

    private static bool Leads(string file, string link)
    {
        var parts = link.Split('#', 2);
        var target = parts[0].Length == 0 ? file : Path.Combine(Path.GetDirectoryName(file)!, Uri.UnescapeDataString(parts[0]));
        if (!File.Exists(target))
        {
            return Directory.Exists(target);
        }

        return parts.Length == 1 || !target.EndsWith(".md", StringComparison.Ordinal) ||
            Headings(File.ReadAllText(target)).Contains(parts[1], StringComparer.Ordinal);
    }

    /// <summary>The anchors of a page, made from its headings as GitHub makes them.</summary>
    private static IEnumerable<string> Headings(string markdown) =>
        Heading().Matches(Code().Replace(markdown.ReplaceLineEndings("\n"), code => code.Value.StartsWith('`') ? code.Value : ""))
            .Select(heading => string.Concat(heading.Groups["text"].Value.Trim().ToLowerInvariant()
                .Where(letter => char.IsLetterOrDigit(letter) || letter is ' ' or '-' or '_')).Replace(' ', '-'));

    private static string? Property(string file, string name) =>
        XDocument.Load(file).Root!.Descendants(name).LastOrDefault()?.Value;

    [GeneratedRegex(@"\b(CS)?1591\b", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex MissingComment();

    [GeneratedRegex(@"(?ms)^[ ]*```.*?^[ ]*```[ ]*$|`[^`\n]+`", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Code();

    [GeneratedRegex(
        @"\]\(\s*<?(?<target>[^)\s>]+)>?[^)]*\)|^\[[^\]]+\]:\s*(?<target>\S+)",
        RegexOptions.Multiline | RegexOptions.ExplicitCapture,
        5000)]
    private static partial Regex Link();

    [GeneratedRegex(@"^([a-z][a-z0-9+.\-]*:|//)", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Scheme();

    [GeneratedRegex(@"^#{1,6}\s+(?<text>.+)$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Heading();
}
