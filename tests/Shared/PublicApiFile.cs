namespace Pepper.Tests;

/// <summary>Compares a library's public API with the approved text beside its project.</summary>
internal static class PublicApiFile
{
    public const string ApproveVariable = "PEPPER_APPROVE_API";

    public static void Verify(string project)
    {
        var assembly = Path.Combine(AppContext.BaseDirectory, project + ".dll");
        Assert.True(File.Exists(assembly), $"{project}.dll is not beside these tests: let their project reference it.");
        var actual = PublicApiText.Render(assembly, PlatformAssemblies());
        var file = Repository.PathOf("src", project, "PublicApi.txt");
        if (Environment.GetEnvironmentVariable(ApproveVariable) == "1")
        {
            File.WriteAllText(file, actual);
            return;
        }

        var approved = File.Exists(file) ? File.ReadAllText(file).ReplaceLineEndings("\n") : "";
        if (!File.Exists(file) || approved != actual)
        {
            Assert.Fail($"""
                The public API of {project} is not what src/{project}/PublicApi.txt approves.
                {Difference(approved, actual)}
                If this is meant, run these tests once with {ApproveVariable}=1 and commit the file.
                """);
        }
    }

    /// <summary>The lines that went and came, each with its type, as members stand below a heading.</summary>
    public static string Difference(string approved, string actual)
    {
        var before = Flatten(approved);
        var after = Flatten(actual);
        var lines = before.Except(after, StringComparer.Ordinal).Select(line => "  - " + line)
            .Concat(after.Except(before, StringComparer.Ordinal).Select(line => "  + " + line)).ToList();
        return lines.Count > 0 ? string.Join('\n', lines) : "  The lines are the same; their order or white space is not.";
    }

    public static IReadOnlyList<string> PlatformAssemblies() =>
        ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!)
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);

    private static List<string> Flatten(string text)
    {
        var flat = new List<string>();
        var heading = "";
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var isMember = line.StartsWith(' ');
            heading = isMember ? heading : line;
            flat.Add(isMember ? $"{heading} » {line.Trim()}" : line);
        }

        return flat;
    }
}
