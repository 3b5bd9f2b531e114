namespace Pepper.Resources;

internal static class ResourceTypeNames
{
    // Label values are lower case; a table keeps the hot paths from formatting an enum.
    private static readonly string[] Names = ["connection", "file", "socket", "process", "memory", "custom"];

    internal static string ToLabel(this ResourceType type) =>
        (uint)type < (uint)Names.Length ? Names[(int)type] : "custom";
}
