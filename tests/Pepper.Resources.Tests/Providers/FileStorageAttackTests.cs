using System.Text;
using Pepper.Resources.Providers;
using Pepper.Resources.Testing;

namespace Pepper.Resources.Tests.Providers;

/// <summary>A storage of files under attack: what is outside its folder is neither read nor written, whatever is tried.</summary>
public sealed class FileStorageAttackTests : IAsyncLifetime
{
    private readonly DirectoryInfo _outside = Directory.CreateTempSubdirectory("pepper-attack-");
    private FileStorageProvider _provider = null!;

    private string Root => Path.Combine(_outside.FullName, "root");

    private string Secret => Path.Combine(_outside.FullName, "secret");

    private IStorage Storage => _provider.Storage!;

    public async ValueTask InitializeAsync()
    {
        await File.WriteAllTextAsync(Secret, "secret");
        _provider = NewProvider();
        await _provider.InitializeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _provider.CleanupAsync();
        _outside.Delete(recursive: true);
    }

    [Fact]
    public async Task Put_HostileKeys_StayWithinTheRoot()
    {
        string[] keys =
        [
            "../secret", "..\\secret", Secret, "/etc/passwd", "C:\\secret", "C:secret", "a\0b", "\u0001", "\u007f", "a.", "a ",
            "case",
            "CASE", "nul", "CON", "\u00e9", "e\u0301", new string('x', 4096), "../../" + new string('y', 300),
            "entries/../../secret",
        ];
        List<string> report = [];
        foreach (var key in keys)
        {
            try
            {
                await Storage.PutAsync(key, Encoding.UTF8.GetBytes(key));
                report.Add($"kept:    {Shown(key)}");
            }
            catch (StorageKeyException refused)
            {
                report.Add($"refused: {Shown(key)}: {refused.Message}");
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine(string.Join('\n', report));
        Assert.Equal(keys.Length, report.Count(static line => line.StartsWith("kept", StringComparison.Ordinal)));
        foreach (var key in keys)
        {
            await using var found = await Storage.GetAsync(key);
            using var reader = new StreamReader(found!.Content);
            Assert.Equal(key, await reader.ReadToEndAsync());
        }

        await AssertOutsideIsUntouchedAsync();
        Assert.Equal(keys.Length, Directory.GetFiles(Path.Combine(Root, "entries")).Length);
        Assert.All(
            Directory.GetFiles(Path.Combine(Root, "entries")),
            static file => Assert.Matches("^[kh][a-z0-9_%-]{1,203}$", Path.GetFileName(file)));
    }

    [Fact]
    public async Task Entry_ThatIsALink_IsNotFollowed()
    {
        var place = Path.Combine(Root, "entries", "klink");
        File.CreateSymbolicLink(place, Secret);

        await Assert.ThrowsAsync<StorageCorruptException>(async () => await Storage.GetAsync("link"));
        await Assert.ThrowsAsync<StorageCorruptException>(async () => await Storage.StatAsync("link"));
        Assert.Empty((await Storage.ListAsync()).Entries);
        Assert.False(await Storage.DeleteAsync("link"));
        await AssertOutsideIsUntouchedAsync();

        File.CreateSymbolicLink(place, Secret);
        await Storage.PutAsync("link", "new"u8.ToArray());
        Assert.Null(new FileInfo(place).LinkTarget);
        Assert.True(await Storage.ExistsAsync("link"));
        await AssertOutsideIsUntouchedAsync();
    }

    [Theory]
    [InlineData("entries")]
    [InlineData("unfinished")]
    public async Task Folder_ThatBecomesALink_IsNotFollowed(string folder)
    {
        await Storage.PutAsync("a", "a"u8.ToArray());
        var target = Directory.CreateDirectory(Path.Combine(_outside.FullName, "target"));
        Directory.Delete(Path.Combine(Root, folder), recursive: true);
        Directory.CreateSymbolicLink(Path.Combine(Root, folder), target.FullName);

        await Assert.ThrowsAsync<IOException>(async () => await Storage.PutAsync("a", "b"u8.ToArray()));
        await Assert.ThrowsAsync<IOException>(async () => await Storage.GetAsync("a"));
        await Assert.ThrowsAsync<IOException>(async () => await Storage.ListAsync());
        await Assert.ThrowsAsync<IOException>(async () => await Storage.DeleteAsync("a"));
        Assert.Equal(ResourceHealth.Unhealthy, (await _provider.CheckHealthAsync()).Status);
        Assert.Empty(target.GetFileSystemInfos());
        await _provider.CleanupAsync();
        await Assert.ThrowsAsync<IOException>(() => NewProvider().InitializeAsync());
        Assert.Empty(target.GetFileSystemInfos());
    }

    [Fact]
    public async Task List_ForeignFiles_AreLeftAlone()
    {
        await Storage.PutAsync("a", "a"u8.ToArray());
        foreach (var name in (string[])["readme", "k", "k%6", "k%41x%zz", "kUPPER", "x"])
        {
            await File.WriteAllTextAsync(Path.Combine(Root, "entries", name), "foreign");
        }

        Assert.Equal(["a"], (await Storage.ListAsync()).Entries.Select(static entry => entry.Key));
    }

    [Theory]
    [InlineData("shorter")]
    [InlineData("longer")]
    [InlineData("header")]
    [InlineData("mark")]
    [InlineData("empty")]
    [InlineData("another")]
    public async Task Get_DamagedFile_IsToldAndCanBeReplaced(string damage)
    {
        await Storage.PutAsync("a", new byte[100]);
        await Storage.PutAsync("b", new byte[100]);
        var place = Path.Combine(Root, "entries", "ka");
        var bytes = await File.ReadAllBytesAsync(place);
        byte[] damaged = damage switch
        {
            "shorter" => bytes[..^1],
            "longer" => [.. bytes, 0],
            "header" => [.. bytes[..30], (byte)(bytes[30] ^ 1), .. bytes[31..]],
            "mark" => [0, .. bytes[1..]],
            "empty" => [],
            _ => await File.ReadAllBytesAsync(Path.Combine(Root, "entries", "kb")),
        };
        await File.WriteAllBytesAsync(place, damaged);

        var failure = await Assert.ThrowsAsync<StorageCorruptException>(async () => await Storage.GetAsync("a"));
        Assert.Equal("a", failure.Key);
        await Storage.PutAsync("a", new byte[5]);
        Assert.Equal(5, (await Storage.StatAsync("a"))!.Size);
    }

    [Fact]
    public async Task Initialize_StaleFiles_AreSweptByTheFirstAlone()
    {
        await _provider.CleanupAsync();
        var stale = Path.Combine(Root, "unfinished", "stale");
        await File.WriteAllTextAsync(stale, "half a wri");
        await _provider.InitializeAsync();
        Assert.False(File.Exists(stale));

        // Another provider of this process may be writing: the second leaves what it finds.
        await File.WriteAllTextAsync(stale, "half a wri");
        var second = NewProvider();
        await second.InitializeAsync();
        Assert.True(File.Exists(stale));
        await second.CleanupAsync();
    }

    [Fact]
    public async Task Initialize_FolderOfAnotherProcess_IsRefused()
    {
        await _provider.CleanupAsync();
        using var other = new FileStream(Path.Combine(Root, "lock"), FileMode.Open, FileAccess.ReadWrite, FileShare.None);

        var failure = await Assert.ThrowsAsync<IOException>(() => _provider.InitializeAsync());

        Assert.Contains("another process", failure.Message, StringComparison.Ordinal);
    }

    private FileStorageProvider NewProvider() =>
        new(FileStorageProvider.Describe("files"), new FileStorageOptions { Path = Root }, new ManualTimeProvider());

    private async Task AssertOutsideIsUntouchedAsync()
    {
        Assert.Equal(["root", "secret"], _outside.GetFileSystemInfos().Select(static info => info.Name).Order());
        Assert.Equal("secret", await File.ReadAllTextAsync(Secret));
    }

    private static string Shown(string key) => Uri.EscapeDataString(key.Length <= 40 ? key : $"{key[..20]}... ({key.Length})");
}
