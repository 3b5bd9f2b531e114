using System.Text;
using Pepper.Resources.Files;
using Pepper.Resources.Testing;

namespace Pepper.Resources.Tests.Files;

public sealed class FileResourceTests : TemporaryFolder
{
    public static TheoryData<FileResourceMode, string, string?> Operations()
    {
        var data = new TheoryData<FileResourceMode, string, string?>();
        foreach (var mode in Enum.GetValues<FileResourceMode>())
        {
            var reads = mode is FileResourceMode.Read or FileResourceMode.ReadWrite;
            var rewrites = mode is FileResourceMode.Write or FileResourceMode.ReadWrite;
            foreach (var operation in new[] { "ReadText", "ReadBytes", "Read", "ReadLines" })
            {
                data.Add(mode, operation, reads ? null : "Read or ReadWrite");
            }

            foreach (var operation in new[] { "WriteText", "WriteBytes", "ReplaceText", "ReplaceBytes" })
            {
                data.Add(mode, operation, rewrites ? null : "Write or ReadWrite");
            }

            foreach (var operation in new[] { "AppendText", "AppendBytes" })
            {
                data.Add(mode, operation, mode == FileResourceMode.Read ? "Append, Write or ReadWrite" : null);
            }

            data.Add(mode, "Flush", null);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Operations))]
    public async Task Operate_EachMode_WorksOrNamesTheModeThatDoes(FileResourceMode mode, string operation, string? instead)
    {
        var path = AtWith("a.txt", "old");
        await using var file = await OpenAsync(path, mode);
        var before = mode == FileResourceMode.Write ? "" : "old";

        if (instead is not null)
        {
            var refused = await Assert.ThrowsAsync<NotSupportedException>(() => OperateAsync(file, operation));
            Assert.Contains(path, refused.Message, StringComparison.Ordinal);
            Assert.Contains($"mode {mode}", refused.Message, StringComparison.Ordinal);
            Assert.Contains($"FileResourceOptions.Mode to {instead}", refused.Message, StringComparison.Ordinal);
            Assert.Equal(before, await File.ReadAllTextAsync(path));
            return;
        }

        var read = await OperateAsync(file, operation);
        var after = operation switch
        {
            _ when operation.StartsWith("Append", StringComparison.Ordinal) => before + "new",
            "Flush" or "ReadText" or "ReadBytes" or "Read" or "ReadLines" => before,
            _ => "new",
        };
        Assert.Equal(after, await File.ReadAllTextAsync(path));
        Assert.Equal(after.Length, file.Length);
        Assert.True(read is null || read == before);
    }

    [Theory]
    [InlineData(FileResourceMode.Write)]
    [InlineData(FileResourceMode.Append)]
    [InlineData(FileResourceMode.ReadWrite)]
    public async Task Initialize_NoSuchFile_CreatesIt(FileResourceMode mode)
    {
        await using var file = await OpenAsync(At("new.txt"), mode);

        Assert.True(File.Exists(At("new.txt")));
        Assert.Equal(0, file.Length);
    }

    [Fact]
    public async Task Initialize_ReadOfNoSuchFile_FailsAndNamesIt()
    {
        await using var file = new FileResource(At("none.txt"));

        var failure = await Assert.ThrowsAsync<ResourceInitializationException>(() => file.InitializeAsync());

        Assert.IsType<FileNotFoundException>(failure.InnerException);
        Assert.Contains(At("none.txt"), failure.Message, StringComparison.Ordinal);
        Assert.Equal(ResourceState.Failed, file.State);
        await File.WriteAllTextAsync(At("none.txt"), "now");
        await file.InitializeAsync();
        Assert.Equal("now", await file.ReadTextAsync());
    }

    [Theory]
    [InlineData(FileResourceMode.Read)]
    [InlineData(FileResourceMode.Write)]
    [InlineData(FileResourceMode.ReadWrite)]
    public async Task Initialize_Directory_FailsAndSaysSo(FileResourceMode mode)
    {
        await using var file = new FileResource(Folder, new() { Mode = mode });

        var failure = await Assert.ThrowsAsync<ResourceInitializationException>(() => file.InitializeAsync());

        Assert.Contains($"'{Folder}' is a directory", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Initialize_FolderIsAFile_Fails()
    {
        AtWith("plain", "x");
        var options = new FileResourceOptions { Mode = FileResourceMode.Write, CreateDirectory = true };
        await using var file = new FileResource(At("plain/a.txt"), options);

        var failure = await Assert.ThrowsAsync<ResourceInitializationException>(() => file.InitializeAsync());

        Assert.IsAssignableFrom<IOException>(failure.InnerException);
        Assert.Equal("x", await File.ReadAllTextAsync(At("plain")));
    }

    [Fact]
    public async Task Initialize_NoSuchFolder_IsCreatedOnlyWhenAsked()
    {
        await using var refused = new FileResource(At("a/b/c.txt"), new() { Mode = FileResourceMode.Append });
        var failure = await Assert.ThrowsAsync<ResourceInitializationException>(() => refused.InitializeAsync());
        Assert.IsType<DirectoryNotFoundException>(failure.InnerException);

        await using var file = await OpenAsync(
            At("a/b/c.txt"), FileResourceMode.Append, static options => options.CreateDirectory = true);
        await file.AppendTextAsync("x");

        Assert.Equal("x", await File.ReadAllTextAsync(At("a/b/c.txt")));
    }

    [Fact]
    public async Task Initialize_AfterAFailedWriter_KeepsWhatWasWritten()
    {
        await using var file = await OpenAsync(At("a.txt"), FileResourceMode.Write);
        await file.WriteTextAsync("kept");
        Assert.True(file.Lifecycle.TryFail());

        await file.InitializeAsync();

        Assert.Equal(4, file.Length);
    }

    [Fact]
    public async Task Operate_NotInitialized_SaysWhatToDo()
    {
        await using var file = new FileResource(At("a.txt"), new() { Mode = FileResourceMode.ReadWrite });

        foreach (var operation in new[] { "ReadText", "Read", "ReadLines", "WriteText", "AppendText", "ReplaceText", "Flush" })
        {
            var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => OperateAsync(file, operation));
            Assert.Contains(At("a.txt"), failure.Message, StringComparison.Ordinal);
            Assert.Contains("InitializeAsync", failure.Message, StringComparison.Ordinal);
        }

        Assert.Throws<InvalidOperationException>(() => file.Length);
        Assert.False(File.Exists(At("a.txt")));
    }

    [Fact]
    public async Task Dispose_Open_ClosesTheHandleAndRefusesWork()
    {
        var path = AtWith("a.txt", "x");
        var file = await OpenAsync(path, FileResourceMode.ReadWrite);
        Assert.Throws<IOException>(() => File.Open(path, FileMode.Open, FileAccess.Read, FileShare.None).Dispose());

        await file.DisposeAsync();
        await file.DisposeAsync();

        // Nobody else may have it open for this to succeed.
        await File.Open(path, FileMode.Open, FileAccess.Read, FileShare.None).DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => file.ReadTextAsync());
        await Assert.ThrowsAsync<ObjectDisposedException>(() => file.AppendTextAsync("y"));
        Assert.Throws<ObjectDisposedException>(() => file.Length);
    }

    [Fact]
    public void Construct_Default_ReadsWithAGeneratedId()
    {
        var file = new FileResource("a.txt");

        Assert.Equal(Path.GetFullPath("a.txt"), file.Path);
        Assert.Equal(FileResourceMode.Read, file.Mode);
        Assert.Equal(32, file.Metadata.Id.Length);
        Assert.Equal(ResourceType.File, file.Metadata.Type);
        Assert.Equal("system", file.Metadata.Owner);
        Assert.Empty(file.Metadata.Labels);
        Assert.NotEqual(file.Metadata.Id, new FileResource("a.txt").Metadata.Id);
    }

    [Fact]
    public async Task Construct_Options_AreCopied()
    {
        var options = new FileResourceOptions
        {
            Id = "log",
            Owner = "ops",
            TimeToLive = TimeSpan.FromHours(1),
            Labels = { ["site"] = "a" },
        };
        await using var file = new FileResource(AtWith("a.txt", "x"), options);

        options.Mode = FileResourceMode.Write;
        options.Labels["site"] = "b";
        await file.InitializeAsync();

        Assert.Equal("x", await file.ReadTextAsync());
        Assert.Equal(("log", "ops", TimeSpan.FromHours(1)), (file.Metadata.Id, file.Metadata.Owner, file.Metadata.TimeToLive));
        Assert.Equal("a", file.Metadata.Labels["site"]);
    }

    [Fact]
    public void Construct_FaultyOptions_ListsAllFaults()
    {
        var options = new FileResourceOptions
        {
            Mode = (FileResourceMode)9,
            Encoding = null!,
            Id = " ",
            Owner = "",
            TimeToLive = TimeSpan.Zero,
            MaxReadBytes = 0,
        };

        var failure = Assert.Throws<ArgumentException>(() => new FileResource("a.txt", options));

        Assert.All(
            ["Mode is 9", "Encoding is null", "Id has 1", "Owner is blank", "TimeToLive is 00:00:00", "MaxReadBytes is 0"],
            fault => Assert.Contains(fault, failure.Message, StringComparison.Ordinal));
        Assert.Throws<ArgumentException>(() => new FileResource(" "));
    }

    [Fact]
    public async Task ReadText_LongerThanTheLimit_NamesTheOption()
    {
        await using var file = await OpenAsync(
            AtWith("a.txt", "12345"), FileResourceMode.Read, static options => options.MaxReadBytes = 4);

        var failure = await Assert.ThrowsAsync<IOException>(() => file.ReadTextAsync());

        Assert.Contains("has 5 bytes, more than the 4 of FileResourceOptions.MaxReadBytes", failure.Message);
    }

    [Fact]
    public async Task Read_FromAnOffset_ReadsWhatIsThere()
    {
        await using var file = await OpenAsync(AtWith("a.txt", "0123456789"), FileResourceMode.Read);
        var buffer = new byte[4];

        Assert.Equal(4, await file.ReadAsync(3, buffer));
        Assert.Equal("3456"u8, buffer);
        Assert.Equal(2, await file.ReadAsync(8, buffer));
        Assert.Equal(0, await file.ReadAsync(100, buffer));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => file.ReadAsync(-1, buffer).AsTask());
    }

    [Fact]
    public async Task ReadLines_EveryLineEnd_SplitsAndDropsTheMark()
    {
        await using var file = await OpenAsync(AtWith("a.txt", "\uFEFFeins\r\nzwei\n\nvier\rfünf"), FileResourceMode.Read);

        var lines = new List<string>();
        await foreach (var line in file.ReadLinesAsync())
        {
            lines.Add(line);
        }

        Assert.Equal(["eins", "zwei", "", "vier", "fünf"], lines);
    }

    [Fact]
    public async Task Encode_WithByteOrderMark_WritesItOnceAndReadsItAway()
    {
        await using var file = await OpenAsync(
            At("a.txt"), FileResourceMode.ReadWrite, static options => options.Encoding = Encoding.Unicode);

        await file.AppendTextAsync("ä");
        await file.AppendTextAsync("b");

        Assert.Equal([0xFF, 0xFE, 0xE4, 0, (byte)'b', 0], await file.ReadBytesAsync());
        Assert.Equal("äb", await file.ReadTextAsync());
        await file.WriteTextAsync("c");
        Assert.Equal([0xFF, 0xFE, (byte)'c', 0], await File.ReadAllBytesAsync(At("a.txt")));
    }

    [Fact]
    public async Task Operate_Later_CountsAsUse()
    {
        var time = new ManualTimeProvider();
        await using var file = new FileResource(AtWith("a.txt", "x"), new() { TimeToLive = TimeSpan.FromMinutes(1) }, time);
        await file.InitializeAsync();
        time.Advance(TimeSpan.FromMinutes(2));
        Assert.True(file.IsExpired);

        await file.ReadTextAsync();

        Assert.False(file.IsExpired);
    }

    internal static async Task<FileResource> OpenAsync(
        string path, FileResourceMode mode, Action<FileResourceOptions>? configure = null)
    {
        var options = new FileResourceOptions { Mode = mode };
        configure?.Invoke(options);
        var file = new FileResource(path, options);
        await file.InitializeAsync();
        return file;
    }

    private static async Task<string?> OperateAsync(FileResource file, string operation)
    {
        switch (operation)
        {
            case "ReadText": return await file.ReadTextAsync();
            case "ReadBytes": return Encoding.UTF8.GetString(await file.ReadBytesAsync());
            case "Read":
                var buffer = new byte[100];
                return Encoding.UTF8.GetString(buffer, 0, await file.ReadAsync(0, buffer));
            case "ReadLines":
                var all = "";
                await foreach (var line in file.ReadLinesAsync())
                {
                    all += line;
                }

                return all;
            case "WriteText": await file.WriteTextAsync("new"); break;
            case "WriteBytes": await file.WriteBytesAsync("new"u8.ToArray()); break;
            case "ReplaceText": await file.ReplaceTextAsync("new"); break;
            case "ReplaceBytes": await file.ReplaceBytesAsync("new"u8.ToArray()); break;
            case "AppendText": await file.AppendTextAsync("new"); break;
            case "AppendBytes": await file.AppendBytesAsync("new"u8.ToArray()); break;
            case "Flush": await file.FlushAsync(); break;
            default: throw new ArgumentOutOfRangeException(nameof(operation), operation, "No such operation.");
        }

        return null;
    }
}
