namespace Pepper.Cli.Demo;

/// <summary>A folder of the demo's own, which is gone when it is disposed.</summary>
internal sealed class DemoFolder : IDisposable
{
    internal string Path { get; } = Directory.CreateTempSubdirectory("pepper-demo-").FullName;

    internal string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Removes the folder and all that is in it. Twice is harmless.</summary>
    public void Dispose()
    {
        try
        {
            Directory.Delete(Path, recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // Somebody else was faster; gone is gone.
        }
    }
}
