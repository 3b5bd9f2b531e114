using System.Text;

namespace Pepper.Resources.Testing;

/// <summary>The order of keys: that of their UTF-8, which differs from that of strings beyond the basic plane.</summary>
internal sealed class ByBytes : IComparer<string>
{
    internal static ByBytes Instance { get; } = new();

    public int Compare(string? x, string? y) =>
        Encoding.UTF8.GetBytes(x ?? string.Empty).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(y ?? string.Empty));
}
