using System.Text;
using System.Text.RegularExpressions;
using Pepper.Tests;

namespace Pepper.Resources.Tests.Architecture;

/// <summary>The repository speaks of Pepper: it names no machine's paths and no package registry.</summary>
public sealed class RepositoryTextTests
{
    // Put together here so that this file does not contain what it forbids.
    private static readonly string[] Folders = ["work", "root", "home", "tmp", "Users"];
    private static readonly string Registry = string.Join('.', "api", "nuget", "org");

    private static readonly Regex Forbidden = new(
        $@"(?<![\w.\-~$}}])/({string.Join('|', Folders)})/|\b[A-Z]:\\Users\\|{Regex.Escape(Registry)}",
        RegexOptions.ExplicitCapture,
        TimeSpan.FromSeconds(5));

    [Fact]
    public void Text_NamesNoMachinePathAndNoRegistry() =>
        Offenders.AssertNone(
            "The repository names no path of a machine and no package registry:",
            Repository.TrackedFiles().SelectMany(file => Faults(Repository.Relative(file), Read(file))));

    [Theory]
    [InlineData("see {0}work/h2/src")]
    [InlineData("file://{0}home/me/x")]
    [InlineData("'{0}root/.config'")]
    [InlineData("{0}tmp/pepper.sock")]
    public void Faults_MachinePath_IsFound(string text) =>
        Assert.Equal(
            "a.md:2: " + string.Format(null, text, '/'),
            Assert.Single(Faults("a.md", "\n" + string.Format(null, text, '/'))));

    [Theory]
    [InlineData("docs/work/list.md")]
    [InlineData("$HOME/root/x")]
    [InlineData("https://example.org/home/")]
    public void Faults_PathThatBelongsElsewhere_IsFine(string text) => Assert.Empty(Faults("a.md", text));

    private static IEnumerable<string> Faults(string file, string text) =>
        text.Split('\n').Select((line, index) => (line, Number: index + 1))
            .Where(line => Forbidden.IsMatch(line.line)).Select(line => $"{file}:{line.Number}: {line.line.Trim()}");

    private static string Read(string file)
    {
        var bytes = File.ReadAllBytes(file);
        // A zero byte among the first thousand is how git, too, tells that a file is not text.
        return bytes.AsSpan(0, Math.Min(bytes.Length, 1000)).Contains((byte)0) ? "" : Encoding.UTF8.GetString(bytes);
    }
}
