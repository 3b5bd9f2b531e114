using Microsoft.Win32.SafeHandles;

namespace Pepper.Resources.Files;

/// <summary>How each mode opens a file, and how a replacement is made ready beside it.</summary>
internal static class FileOpener
{
    /// <summary>Others may read, replace and delete what we write; only where we merely read may they write as well.</summary>
    internal static FileShare ShareOf(FileResourceMode mode) =>
        FileShare.Read | FileShare.Delete | (mode == FileResourceMode.Read ? FileShare.Write : FileShare.None);

    internal static FileAccess AccessOf(FileResourceMode mode) => mode switch
    {
        FileResourceMode.Read => FileAccess.Read,
        FileResourceMode.ReadWrite => FileAccess.ReadWrite,
        _ => FileAccess.Write,
    };

    /// <param name="path">The file.</param>
    /// <param name="mode">What is to be done with it.</param>
    /// <param name="again">Whether it was open before: then what was written into it must not be emptied away.</param>
    internal static SafeFileHandle Open(string path, FileResourceMode mode, bool again)
    {
        if (Directory.Exists(path))
        {
            throw new IOException($"'{path}' is a directory, not a file.");
        }

        var how = mode switch
        {
            FileResourceMode.Read => FileMode.Open,
            FileResourceMode.Write when !again => FileMode.Create,
            _ => FileMode.OpenOrCreate,
        };
        var file = File.OpenHandle(path, how, AccessOf(mode), ShareOf(mode), FileOptions.Asynchronous);
        try
        {
            // What has no length (a pipe, a terminal) cannot be read or written by position.
            _ = RandomAccess.GetLength(file);
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Makes the empty file that is to take the place of <paramref name="path"/>, in its folder and with its permissions.
    /// </summary>
    internal static (SafeFileHandle File, string Path) CreateBeside(string path, SafeFileHandle original, FileResourceMode mode)
    {
        var temporary = Path.Combine(Path.GetDirectoryName(path)!, $".{Path.GetFileName(path)}.{Guid.NewGuid():N}.tmp");
        var file = File.OpenHandle(temporary, FileMode.CreateNew, AccessOf(mode), ShareOf(mode), FileOptions.Asynchronous);
        try
        {
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(file, File.GetUnixFileMode(original));
            }

            return (file, temporary);
        }
        catch
        {
            file.Dispose();
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>
    /// Where the content is: the end of the links when the path is one, as renaming over a link would leave its target behind.
    /// </summary>
    internal static string FollowLinks(string path) => File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
}
