using System.Text;

namespace Pepper.Resources.Tests.Architecture;

/// <summary>One floor of the core, and the floors below that it may use.</summary>
internal sealed record Floor(string Name, IReadOnlyList<string> MayUse, bool PublicTypesOnly);

/// <summary>
/// The house's arrows, in one place: the tests hold the code to this table, and the picture in docs/architecture.md to it too.
/// </summary>
internal static class HouseTable
{
    /// <summary>The files that lie directly in src/Pepper.Resources.</summary>
    public const string Roof = "roof";

    // From the top down. Floors that share a level are strangers to each other; each may use every level below its own.
    private static readonly (string[] Floors, bool PublicTypesOnly)[] Levels =
    [
        ([Roof], false),
        (["Connections", "Files", "Sockets", "Processes", "Buffers"], true),
        (["Registry", "Pooling", "Caching", "Providers"], false),
        (["Recovery"], false),
        (["Leasing"], false),
        (["Monitoring"], false),
        (["Policies"], false),
        (["Cleanup"], false),
        (["Lifecycle"], false),
    ];

    public static IReadOnlyList<Floor> Floors { get; } =
    [
        .. Levels.SelectMany((level, index) => level.Floors.Select(name =>
            new Floor(name, [.. Levels.Skip(index + 1).SelectMany(below => below.Floors)], level.PublicTypesOnly))),
    ];

    public static Floor? Find(string name) => Floors.FirstOrDefault(floor => floor.Name == name);

    /// <summary>The floor of a file, named relative to src/Pepper.Resources with forward slashes.</summary>
    public static string FloorOf(string path) =>
        path.IndexOf('/', StringComparison.Ordinal) is var slash and >= 0 ? path[..slash] : Roof;

    public static string Render()
    {
        var width = Floors.Max(floor => floor.Name.Length);
        var text = new StringBuilder();
        foreach (var floor in Floors)
        {
            var uses = floor switch
            {
                { MayUse.Count: 0 } => "nothing above the framework",
                { PublicTypesOnly: true } => $"{string.Join(", ", floor.MayUse)} (public types only)",
                _ => string.Join(", ", floor.MayUse),
            };
            text.Append(floor.Name.PadRight(width)).Append(" -> ").Append(uses).Append('\n');
        }

        return text.ToString();
    }
}
