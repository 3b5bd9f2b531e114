using System.Text.RegularExpressions;
using Pepper.Tests;

namespace Pepper.Resources.Tests.Architecture;

public sealed partial class PictureTests
{
    [Fact]
    public void Picture_InArchitecturePage_IsWhatTheTableRenders()
    {
        var page = File.ReadAllText(Repository.PathOf("docs", "architecture.md")).ReplaceLineEndings("\n");
        var picture = Block().Match(page);

        if (!picture.Success || picture.Groups["text"].Value != HouseTable.Render())
        {
            Assert.Fail($"""
                The picture of the house in docs/architecture.md is not the table in HouseTable.cs. The page should hold:

                <!-- house -->
                ```
                {HouseTable.Render()}```
                """);
        }
    }

    [Fact]
    public void Folders_OfTheCore_AreAllFloors() =>
        Offenders.AssertNone(
            "Folders of src/Pepper.Resources that are no floor of the house (HouseTable.cs):",
            Directory.EnumerateDirectories(Repository.PathOf("src", "Pepper.Resources"))
                .Select(folder => Path.GetFileName(folder))
                .Where(name => name is not ("bin" or "obj") && HouseTable.Find(name) is null));

    [GeneratedRegex("<!-- house -->\n+```[a-z]*\n(?<text>.*?)```", RegexOptions.Singleline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Block();
}
