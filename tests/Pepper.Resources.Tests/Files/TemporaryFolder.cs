namespace Pepper.Resources.Tests.Files;

/// <summary>A folder of a test's own, gone when the test is.</summary>
public abstract class TemporaryFolder : IDisposable
{
    protected static readonly TimeSpan Guard = TimeSpan.FromSeconds(30);

    protected string Folder { get; } = Directory.CreateTempSubdirectory("pepper-files-").FullName;

    public void Dispose()
    {
        Directory.Delete(Folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    protected string At(string name) => Path.Combine(Folder, name);

    protected string AtWith(string name, string content)
    {
        File.WriteAllText(At(name), content);
        return At(name);
    }
}
