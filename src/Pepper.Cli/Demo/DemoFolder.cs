namespace Pepper.Cli.Demo;

/// <summary>A folder of the demo's own, which is gone when it is disposed.</summary>
internal sealed class DemoFolder : IDisposable
{
    /// <summary>Makes it.</summary>
    /// <exception cref="IOException">It cannot be made; the message says where it was tried.</exception>
    internal DemoFolder()
    {
        try
        {
            Path = Directory.CreateTempSubdirectory("pepper-demo-").FullName;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new IOException(
                $"no folder can be made in {System.IO.Path.GetTempPath()}, the one for temporary things: {failure.Message}",
                failure);
        }
    }

    internal string Path { get; }

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
