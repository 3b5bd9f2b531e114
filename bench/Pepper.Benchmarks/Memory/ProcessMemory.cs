using System.Globalization;

namespace Pepper.Benchmarks;

/// <summary>What the system's /proc says of processes. One that has ended meanwhile has nothing.</summary>
internal static class ProcessMemory
{
    /// <summary>The most that was resident of this process at any time.</summary>
    internal static long PeakResidentBytes() =>
        Field("/proc/self/status", "VmHWM:") ?? throw new InvalidOperationException("This system does not tell a peak.");

    /// <summary>The process's share: what several have in common is divided among them. Null when unknown.</summary>
    internal static long? ProportionalBytes(int process) => Field(Path(process, "smaps_rollup"), "Pss:");

    /// <summary>What is resident of the process, whoever shares it.</summary>
    internal static long ResidentBytes(int process) => Field(Path(process, "status"), "VmRSS:") ?? 0;

    /// <summary>Processes that this one has started and that are still there.</summary>
    internal static IReadOnlyList<int> Children(int process)
    {
        List<int> children = [];
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            var name = System.IO.Path.GetFileName(folder);
            if (int.TryParse(name, CultureInfo.InvariantCulture, out var id) && Parent(id) == process)
            {
                children.Add(id);
            }
        }

        return children;
    }

    internal static int? Parent(int process)
    {
        // The name stands in parentheses and may hold any character; state and parent follow the last of them.
        var text = Read(Path(process, "stat"));
        var rest = text[(text.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return rest.Length > 1 ? int.Parse(rest[1], CultureInfo.InvariantCulture) : null;
    }

    private static string Path(int process, string file) => FormattableString.Invariant($"/proc/{process}/{file}");

    /// <summary>A line as <c>Pss: 1234 kB</c>.</summary>
    private static long? Field(string file, string name)
    {
        foreach (var line in Read(file).Split('\n'))
        {
            if (line.StartsWith(name, StringComparison.Ordinal))
            {
                var number = line[name.Length..].Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[0];
                return long.Parse(number, CultureInfo.InvariantCulture) * 1024;
            }
        }

        return null;
    }

    private static string Read(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return string.Empty;
        }
    }
}
