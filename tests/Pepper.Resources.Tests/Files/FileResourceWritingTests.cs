using System.Globalization;
using Pepper.Resources.Files;

namespace Pepper.Resources.Tests.Files;

public sealed class FileResourceWritingTests : TemporaryFolder
{
    [Theory]
    [InlineData(FileResourceMode.Append)]
    [InlineData(FileResourceMode.ReadWrite)]
    public async Task Append_SixteenTasks_KeepsEveryLineWhole(FileResourceMode mode)
    {
        await using var file = await FileResourceTests.OpenAsync(At("log.txt"), mode);

        await Task.WhenAll(Enumerable.Range(0, 16).Select(task => Task.Run(async () =>
        {
            for (var line = 0; line < 500; line++)
            {
                await file.AppendTextAsync(Line(task, line));
            }
        }))).WaitAsync(Guard);

        var lines = await File.ReadAllLinesAsync(At("log.txt"));
        Assert.Equal(8000, lines.Length);
        foreach (var task in lines.GroupBy(static line => line.Split(' ')[0]))
        {
            var number = int.Parse(task.Key, CultureInfo.InvariantCulture);
            Assert.Equal(Enumerable.Range(0, 500).Select(line => Line(number, line).TrimEnd('\n')), task);
        }
    }

    [Fact]
    public async Task ReadText_BesideAppends_NeverSeesHalfALine()
    {
        await using var file = await FileResourceTests.OpenAsync(At("log.txt"), FileResourceMode.ReadWrite);
        using var stop = new CancellationTokenSource();
        var reader = Task.Run(async () =>
        {
            var whole = true;
            while (!stop.IsCancellationRequested)
            {
                var text = await file.ReadTextAsync();
                whole &= text.Length == 0 || text[^1] == '\n';
            }

            return whole;
        });

        for (var line = 0; line < 300; line++)
        {
            await file.AppendTextAsync(Line(0, line));
        }

        await stop.CancelAsync();
        Assert.True(await reader.WaitAsync(Guard));
    }

    [Fact]
    public async Task Append_TheDiskFailsHalfWay_TakesTheHalfBack()
    {
        var failing = true;
        await using var file = new FileResource(AtWith("log.txt", "first\n"), new() { Mode = FileResourceMode.Append })
        {
            WriteAt = async (handle, bytes, offset, token) =>
            {
                await RandomAccess.WriteAsync(handle, failing ? bytes[..3] : bytes, offset, token);
                if (failing)
                {
                    throw new IOException("No space left on device");
                }
            },
        };
        await file.InitializeAsync();

        await Assert.ThrowsAsync<IOException>(() => file.AppendTextAsync("second\n"));
        Assert.Equal("first\n", await File.ReadAllTextAsync(At("log.txt")));
        failing = false;
        await file.AppendTextAsync("third\n");

        Assert.Equal("first\nthird\n", await File.ReadAllTextAsync(At("log.txt")));
    }

    [Fact]
    public async Task Append_CancelledHalfWay_LeavesNothing()
    {
        using var cancellation = new CancellationTokenSource();
        await using var file = new FileResource(At("log.txt"), new() { Mode = FileResourceMode.Append })
        {
            WriteAt = async (handle, bytes, offset, token) =>
            {
                await RandomAccess.WriteAsync(handle, bytes[..2], offset, CancellationToken.None);
                await cancellation.CancelAsync();
                await RandomAccess.WriteAsync(handle, bytes[2..], offset + 2, token);
            },
        };
        await file.InitializeAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => file.AppendTextAsync("half", cancellation.Token));

        Assert.Equal(0, file.Length);
    }

    [Fact]
    public async Task Operate_CancelledToken_DoesNothing()
    {
        await using var file = await FileResourceTests.OpenAsync(AtWith("a.txt", "old"), FileResourceMode.ReadWrite);
        var cancelled = new CancellationToken(canceled: true);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => file.ReadTextAsync(cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => file.ReadAsync(0, new byte[1], cancelled).AsTask());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => file.WriteTextAsync("new", cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => file.AppendTextAsync("new", cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => file.ReplaceTextAsync("new", cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => file.FlushAsync(cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var line in file.ReadLinesAsync(cancelled))
            {
                Assert.Fail(line);
            }
        });

        Assert.Equal("old", await File.ReadAllTextAsync(At("a.txt")));
    }

    [Fact]
    public async Task Append_CancelledWhileItWaits_DoesNotHoldUpTheNext()
    {
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var file = new FileResource(At("log.txt"), new() { Mode = FileResourceMode.Append })
        {
            WriteAt = async (handle, bytes, offset, token) =>
            {
                begun.TrySetResult();
                await goOn.Task;
                await RandomAccess.WriteAsync(handle, bytes, offset, token);
            },
        };
        await file.InitializeAsync();
        using var cancellation = new CancellationTokenSource();
        var first = file.AppendTextAsync("1");
        await begun.Task.WaitAsync(Guard);
        var second = file.AppendTextAsync("2", cancellation.Token);
        var disposed = file.DisposeAsync().AsTask();

        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second.WaitAsync(Guard));
        Assert.False(disposed.IsCompleted);
        goOn.SetResult();
        await first.WaitAsync(Guard);
        await disposed.WaitAsync(Guard);

        Assert.Equal("1", await File.ReadAllTextAsync(At("log.txt")));
    }

    [Fact]
    public async Task Replace_BesideReadersOfThePath_ShowsOldOrNewWhole()
    {
        const int Size = 200_000;
        await using var file = await FileResourceTests.OpenAsync(
            AtWith("a.txt", new string('a', Size)), FileResourceMode.ReadWrite);
        using var stop = new CancellationTokenSource();
        var readers = Enumerable.Range(0, 3).Select(reader => Task.Run(async () =>
        {
            var whole = true;
            var buffer = new byte[Size];
            while (!stop.IsCancellationRequested)
            {
                var text = reader == 0 ? await file.ReadTextAsync() : await File.ReadAllTextAsync(At("a.txt"));
                whole &= text.Length == Size && text.AsSpan().IndexOfAnyExcept(text[0]) < 0;
                whole &= await file.ReadAsync(0, buffer) == Size && buffer.AsSpan().IndexOfAnyExcept(buffer[0]) < 0;
            }

            return whole;
        })).ToArray();

        for (var round = 0; round < 60; round++)
        {
            await file.ReplaceTextAsync(new string((char)('a' + (round % 26)), Size));
        }

        await stop.CancelAsync();
        Assert.All(await Task.WhenAll(readers).WaitAsync(Guard), Assert.True);
        Assert.Equal([At("a.txt")], Directory.GetFiles(Folder));
    }

    [Fact]
    public async Task Replace_Then_GoesOnWithTheNewFile()
    {
        await using var file = await FileResourceTests.OpenAsync(
            AtWith("a.txt", "a long old content"), FileResourceMode.ReadWrite);

        await file.ReplaceTextAsync("new");
        await file.AppendTextAsync("er");

        Assert.Equal("newer", await file.ReadTextAsync());
        Assert.Equal("newer", await File.ReadAllTextAsync(At("a.txt")));
    }

    [Fact]
    public async Task Replace_DuringReadLines_LeavesTheReaderItsFile()
    {
        var old = string.Concat(Enumerable.Repeat("old\n", 100_000));
        await using var file = await FileResourceTests.OpenAsync(AtWith("a.txt", old), FileResourceMode.ReadWrite);
        var lines = 0;

        await foreach (var line in file.ReadLinesAsync())
        {
            if (lines++ == 0)
            {
                await file.ReplaceTextAsync("new");
            }

            Assert.Equal("old", line);
        }

        Assert.Equal(100_000, lines);
        Assert.Equal("new", await file.ReadTextAsync());
    }

    [Fact]
    public async Task Replace_WritingFails_KeepsTheOldAndRemovesTheTemporary()
    {
        await using var file = new FileResource(AtWith("a.txt", "old"), new() { Mode = FileResourceMode.ReadWrite })
        {
            WriteAt = static async (handle, bytes, offset, token) =>
            {
                await RandomAccess.WriteAsync(handle, bytes[..1], offset, token);
                throw new IOException("No space left on device");
            },
        };
        await file.InitializeAsync();

        await Assert.ThrowsAsync<IOException>(() => file.ReplaceTextAsync("new"));

        Assert.Equal("old", await file.ReadTextAsync());
        Assert.Equal([At("a.txt")], Directory.GetFiles(Folder));
    }

    [Fact]
    public async Task Replace_RenameFails_KeepsTheOldAndRemovesTheTemporary()
    {
        await using var file = await FileResourceTests.OpenAsync(AtWith("a.txt", "old"), FileResourceMode.ReadWrite);
        File.Move(At("a.txt"), At("moved.txt"));
        Directory.CreateDirectory(At("a.txt"));

        await Assert.ThrowsAnyAsync<Exception>(() => file.ReplaceTextAsync("new"));

        Assert.Equal("old", await file.ReadTextAsync());
        Assert.Equal([At("moved.txt")], Directory.GetFiles(Folder));
    }

    [Fact]
    public async Task Replace_OnUnix_KeepsThePermissionsAndTheLink()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Permissions and links are those of Unix.");
            return;
        }

        var path = AtWith("a.txt", "old");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupExecute);
        File.CreateSymbolicLink(At("link.txt"), path);
        await using var file = await FileResourceTests.OpenAsync(At("link.txt"), FileResourceMode.Write);

        await file.ReplaceTextAsync("new");

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupExecute, File.GetUnixFileMode(path));
        Assert.Equal("new", await File.ReadAllTextAsync(path));
        Assert.Equal(path, new FileInfo(At("link.txt")).LinkTarget);
    }

    [Fact]
    public async Task Write_Shorter_LeavesNoRestOfTheOld()
    {
        await using var file = await FileResourceTests.OpenAsync(
            AtWith("a.txt", "a long old content"), FileResourceMode.ReadWrite, static options => options.FlushToDisk = true);

        await file.WriteTextAsync("new");
        await file.AppendTextAsync("er");

        Assert.Equal("newer", await File.ReadAllTextAsync(At("a.txt")));
    }

    [Fact]
    public async Task Append_TheHalfCannotBeTakenBack_NothingIsWrittenUntilItCan()
    {
        var broken = true;
        await using var file = new FileResource(AtWith("log.txt", "first\n"), new() { Mode = FileResourceMode.Append })
        {
            WriteAt = async (handle, bytes, offset, token) =>
            {
                await RandomAccess.WriteAsync(handle, broken ? bytes[..3] : bytes, offset, token);
                if (broken)
                {
                    throw new IOException("I/O error");
                }
            },
            ShortenTo = (handle, length) =>
            {
                if (broken)
                {
                    throw new IOException("I/O error");
                }

                RandomAccess.SetLength(handle, length);
            },
        };
        await file.InitializeAsync();
        await Assert.ThrowsAsync<IOException>(() => file.AppendTextAsync("second\n"));

        var refused = await Assert.ThrowsAsync<IOException>(() => file.AppendTextAsync("third\n"));
        Assert.Contains("part of an append that failed, from byte 6 on", refused.Message, StringComparison.Ordinal);
        Assert.Equal("first\nsec", await File.ReadAllTextAsync(At("log.txt")));
        broken = false;
        await file.AppendTextAsync("fourth\n");

        Assert.Equal("first\nfourth\n", await File.ReadAllTextAsync(At("log.txt")));
    }

    private static string Line(int task, int line) =>
        $"{task} {line} {new string((char)('a' + (task % 26)), 20 + (line % 300))}\n";
}
