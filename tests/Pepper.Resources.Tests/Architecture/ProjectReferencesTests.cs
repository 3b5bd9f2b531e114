using System.Xml.Linq;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Pepper.Tests;

namespace Pepper.Resources.Tests.Architecture;

public sealed class ProjectReferencesTests
{
    private const string Core = "Pepper.Resources";

    // A project exists only where a dependency differs; a new one belongs here and in docs/architecture.md.
    private static readonly string[] Adapters =
    [
        "Pepper.Resources.AI", "Pepper.Resources.Dashboard", "Pepper.Resources.Hosting", "Pepper.Resources.Polly",
        "Pepper.Resources.PostgreSql", "Pepper.Resources.Sqlite", "Pepper.Resources.Testing",
    ];

    private static IEnumerable<string> Projects => Repository.Files(".csproj");

    private static IEnumerable<string> SourceProjects => Repository.Files(".csproj", "src");

    [Fact]
    public void Core_References_LoggingAbstractionsAlone()
    {
        var project = Load(Repository.PathOf("src", Core, Core + ".csproj"));

        Assert.Equal(["Microsoft.Extensions.Logging.Abstractions"], Includes(project, "PackageReference"));
        Assert.Empty(Includes(project, "ProjectReference"));
        Assert.Empty(Includes(project, "FrameworkReference"));
    }

    [Fact]
    public void Adapters_ReferenceTheCore_AndNoOtherProject() =>
        Offenders.AssertNone(
            "Adapters see the core's public types and need no other project:",
            SourceProjects.Where(file => Name(file).StartsWith(Core + ".", StringComparison.Ordinal)).SelectMany(file =>
                Includes(Load(file), "ProjectReference").Select(Name).Where(name => name != Core)
                    .Select(name => $"{Repository.Relative(file)} references {name}")));

    [Fact]
    public void Projects_OfSrc_AreTheCoreTheCommandLineAndKnownAdapters() =>
        Assert.Empty(SourceProjects.Select(Name).Except([Core, "Pepper.Cli", .. Adapters], StringComparer.Ordinal));

    [Fact]
    public void Folders_OfSrc_HoldOneProjectOfTheSameName() =>
        Offenders.AssertNone(
            "Each project lies in src/<name>/<name>.csproj:",
            SourceProjects.Select(Repository.Relative).Where(file => file != $"src/{Name(file)}/{Name(file)}.csproj"));

    [Fact]
    public void InternalsVisibleTo_NamesTestProjectsAlone()
    {
        var tests = Repository.Files(".csproj", "tests").Select(Name).ToHashSet(StringComparer.Ordinal);
        var inProjects = SourceProjects.SelectMany(file => Includes(Load(file), "InternalsVisibleTo")
            .Where(name => !tests.Contains(name)).Select(name => $"{Repository.Relative(file)}: {name}"));
        var inSources = Sources.All.Where(tree => tree.FilePath.StartsWith("src/", StringComparison.Ordinal))
            .SelectMany(tree => tree.GetRoot().DescendantNodes().OfType<AttributeSyntax>())
            .Where(attribute => attribute.Name.ToString().Contains("InternalsVisibleTo", StringComparison.Ordinal))
            .Select(attribute => $"{Sources.Where(attribute)}: say it in the project file");

        Offenders.AssertNone("InternalsVisibleTo is for the projects in tests/ alone:", inProjects.Concat(inSources));
    }

    [Fact]
    public void PackageVersions_StandInOnePlace()
    {
        var central = Load(Repository.PathOf("Directory.Packages.props"));
        Assert.Equal("true", central.Descendants("ManagePackageVersionsCentrally").Single().Value);

        var files = Projects.Concat(Repository.Files(".props")).Concat(Repository.Files(".targets"));
        Offenders.AssertNone(
            "Package versions stand in Directory.Packages.props alone:",
            files.SelectMany(file => Load(file).Descendants()
                .Where(item => item.Name.LocalName is "PackageReference" or "GlobalPackageReference")
                .Where(item => Says(item, "Version") || Says(item, "VersionOverride"))
                .Select(item => $"{Repository.Relative(file)}: {item.Attribute("Include")?.Value}")));
    }

    [Fact]
    public void Solution_HoldsEveryProject()
    {
        var solution = Load(Repository.PathOf("Pepper.slnx")).Descendants("Project")
            .Select(item => item.Attribute("Path")!.Value);

        Assert.Equal(Projects.Select(Repository.Relative).Order(StringComparer.Ordinal), solution.Order(StringComparer.Ordinal));
    }

    private static bool Says(XElement item, string name) => item.Attribute(name) is not null || item.Element(name) is not null;

    private static XElement Load(string file) => XDocument.Load(file).Root!;

    private static List<string> Includes(XElement project, string item) =>
        [.. project.Descendants(item).Select(one => one.Attribute("Include")?.Value).OfType<string>()];

    private static string Name(string file) => Path.GetFileNameWithoutExtension(file.Replace('\\', '/'));
}
