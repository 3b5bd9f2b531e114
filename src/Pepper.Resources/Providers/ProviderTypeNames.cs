namespace Pepper.Resources.Providers;

internal static class ProviderTypeNames
{
    private static readonly string[] Names = ["memory", "storage", "capability", "custom"];

    internal static string ToLabel(this ProviderType type) =>
        (uint)type < (uint)Names.Length ? Names[(int)type] : "custom";
}
