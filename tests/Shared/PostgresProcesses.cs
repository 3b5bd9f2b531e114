using System.Globalization;

namespace Pepper.Tests;

/// <summary>Which processes a server has, as the system's /proc tells it.</summary>
internal static class PostgresProcesses
{
    internal static bool IsSupported { get; } = File.Exists("/proc/self/stat");

    /// <summary>The processes that this one has started and that are still there.</summary>
    internal static IEnumerable<int> Children(int process) =>
        from folder in Directory.EnumerateDirectories("/proc")
        let name = Path.GetFileName(folder)
        where int.TryParse(name, CultureInfo.InvariantCulture, out _) && Parent(folder) == process
        select int.Parse(name, CultureInfo.InvariantCulture);

    private static int? Parent(string folder)
    {
        try
        {
            // The name stands in parentheses and may hold any character; state and parent follow the last of them.
            var text = File.ReadAllText(Path.Combine(folder, "stat"));
            var rest = text[(text.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return rest.Length > 1 ? int.Parse(rest[1], CultureInfo.InvariantCulture) : null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // It has ended meanwhile.
            return null;
        }
    }
}
