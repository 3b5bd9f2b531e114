namespace Pepper.Resources.Providers;

/// <summary>
/// Compares texts by code points, as databases compare UTF-8 byte by byte. .NET's ordinal order compares UTF-16 units and puts
/// what needs two of them before U+E000.
/// </summary>
internal sealed class CodePointOrder : IComparer<string>
{
    internal static readonly CodePointOrder Instance = new();

    int IComparer<string>.Compare(string? x, string? y) => Compare(x!, y!);

    internal static int Compare(string left, string right)
    {
        var common = left.AsSpan().CommonPrefixLength(right);
        if (common == left.Length || common == right.Length)
        {
            return left.Length.CompareTo(right.Length);
        }

        char x = left[common], y = right[common];
        return char.IsSurrogate(x) == char.IsSurrogate(y) ? x.CompareTo(y) : char.IsSurrogate(x) ? 1 : -1;
    }
}
