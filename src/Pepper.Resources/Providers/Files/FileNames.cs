using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Pepper.Resources.Providers;

/// <summary>
/// The names of entries' files. Small letters, digits, hyphen and underscore stand for themselves, any other byte for its
/// percent code: so a name has nothing in it that a file system gives a meaning or folds. A first letter keeps it from being a
/// reserved one. Where that would be too long for a name, the key's SHA-256 stands for it, and the key is in the file.
/// </summary>
internal static class FileNames
{
    private const int LongestName = 200;
    private const char Spelled = 'k';
    private const char Hashed = 'h';

    internal static string Of(ReadOnlySpan<byte> key)
    {
        var name = new StringBuilder(key.Length + 16).Append(Spelled);
        foreach (var one in key)
        {
            if (one is (>= (byte)'a' and <= (byte)'z') or (>= (byte)'0' and <= (byte)'9') or (byte)'-' or (byte)'_')
            {
                name.Append((char)one);
            }
            else
            {
                name.Append(CultureInfo.InvariantCulture, $"%{one:x2}");
            }

            if (name.Length > LongestName)
            {
                return Hashed + Convert.ToHexStringLower(SHA256.HashData(key));
            }
        }

        return name.ToString();
    }

    /// <summary>The key that the name spells; null when the file has to be asked, or the name is none of ours.</summary>
    internal static byte[]? Read(string name, out bool isHashed)
    {
        isHashed = name.Length == 65 && name[0] == Hashed;
        if (name.Length < 2 || name[0] != Spelled)
        {
            return null;
        }

        var key = new List<byte>(name.Length);
        for (var index = 1; index < name.Length; index++)
        {
            if (name[index] != '%')
            {
                key.Add((byte)name[index]);
            }
            else if (index + 2 < name.Length && byte.TryParse(
                name.AsSpan(index + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var one))
            {
                key.Add(one);
                index += 2;
            }
            else
            {
                return null;
            }
        }

        // What is spelled otherwise than we spell it was put there by somebody else.
        var bytes = key.ToArray();
        return Of(bytes) == name ? bytes : null;
    }
}
