using System.Diagnostics;

namespace Pepper.Tests;

/// <summary>The checked-out repository that the running tests were built from.</summary>
internal static class Repository
{
    private static readonly string[] BuiltFolders = [".git", ".vs", ".idea", "artifacts", "bin", "obj", "TestResults"];

    public static string Root { get; } = FindRoot();

    public static string PathOf(params ReadOnlySpan<string> parts) => Path.Combine([Root, .. parts]);

    public static string Relative(string fullPath) => Path.GetRelativePath(Root, fullPath).Replace('\\', '/');

    /// <summary>Files below these folders (the whole repository when none is named), without what a build leaves.</summary>
    public static IReadOnlyList<string> Files(string extension, params ReadOnlySpan<string> folders)
    {
        var found = new List<string>();
        foreach (var folder in folders.IsEmpty ? [""] : folders)
        {
            if (Directory.Exists(PathOf(folder)))
            {
                Collect(PathOf(folder), extension, found);
            }
        }

        found.Sort(StringComparer.Ordinal);
        return found;
    }

    /// <summary>What git tracks or would track; every file when this is not a git work tree.</summary>
    public static IReadOnlyList<string> TrackedFiles()
    {
        var start = new ProcessStartInfo("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        {
            WorkingDirectory = Root,
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            using var git = Process.Start(start)!;
            git.ErrorDataReceived += (_, _) => { };
            git.BeginErrorReadLine();
            var names = git.StandardOutput.ReadToEnd().Split('\0', StringSplitOptions.RemoveEmptyEntries);
            git.WaitForExit();
            if (git.ExitCode == 0 && names.Length > 0)
            {
                return [.. names.Select(name => PathOf(name)).Where(File.Exists).Distinct(StringComparer.Ordinal)];
            }
        }
        catch (System.ComponentModel.Win32Exception)
        {
            // No git on this machine: a source archive is held to the same rules.
        }

        return Files("");
    }

    private static void Collect(string folder, string extension, List<string> found)
    {
        found.AddRange(Directory.EnumerateFiles(folder).Where(file => file.EndsWith(extension, StringComparison.Ordinal)));
        foreach (var inner in Directory.EnumerateDirectories(folder))
        {
            if (!BuiltFolders.Contains(Path.GetFileName(inner), StringComparer.Ordinal))
            {
                Collect(inner, extension, found);
            }
        }
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Pepper.slnx")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"No folder above {AppContext.BaseDirectory} holds Pepper.slnx.");
    }
}
