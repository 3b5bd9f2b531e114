using Pepper.Tests;

namespace Pepper.IntegrationTests.Architecture;

/// <summary>The libraries that the core's own tests do not reference.</summary>
public sealed class PublicApiTests
{
    public static TheoryData<string> Libraries =>
    [
        .. Directory.EnumerateDirectories(Repository.PathOf("src"), "Pepper.Resources.*")
            .Where(folder => Directory.EnumerateFiles(folder, "*.csproj").Any()).Select(folder => Path.GetFileName(folder))
            .Where(name => name is not ("Pepper.Resources" or "Pepper.Resources.Testing")).Order(StringComparer.Ordinal),
    ];

    [Theory]
    [MemberData(nameof(Libraries))]
    public void PublicApi_IsTheApprovedOne(string project) => PublicApiFile.Verify(project);
}
