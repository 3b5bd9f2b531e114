using System.IO.Compression;

namespace Pepper.Benchmarks;

/// <summary>The requests of a trace, each key as a number from 0 in the order of first appearance.</summary>
internal sealed record Trace(string Name, int[] Requests, int[] Hashes)
{
    public int DistinctKeys => Hashes.Length;

    /// <summary>The capacity that is this many per cent of the distinct keys, at least 1.</summary>
    public int CapacityAt(int percent) => Math.Max(1, (int)Math.Round(DistinctKeys * percent / 100.0));

    public static IReadOnlyList<Trace> ReadFolder(string folder) =>
    [
        .. Directory.EnumerateFiles(folder).Where(IsTrace).Order(StringComparer.Ordinal).Select(Read),
    ];

    private static bool IsTrace(string path) =>
        path.EndsWith(".txt", StringComparison.Ordinal) || path.EndsWith(".txt.gz", StringComparison.Ordinal);

    private static Trace Read(string path)
    {
        var numbers = new Dictionary<string, int>(StringComparer.Ordinal);
        var requests = new List<int>();
        using var file = File.OpenRead(path);
        using Stream content = path.EndsWith(".gz", StringComparison.Ordinal)
            ? new GZipStream(file, CompressionMode.Decompress)
            : file;
        using var reader = new StreamReader(content);
        while (reader.ReadLine() is { } key)
        {
            if (!numbers.TryGetValue(key, out var number))
            {
                numbers.Add(key, number = numbers.Count);
            }

            requests.Add(number);
        }

        var hashes = new int[numbers.Count];
        foreach (var (key, number) in numbers)
        {
            hashes[number] = HashOf(key);
        }

        return new Trace(Path.GetFileName(path).Split('.')[0], [.. requests], hashes);
    }

    // A string's own hash is another in each process, and the figures should be the same in each: FNV-1a.
    private static int HashOf(string key)
    {
        var hash = 2166136261U;
        foreach (var letter in key)
        {
            hash = (hash ^ letter) * 16777619U;
        }

        return (int)hash;
    }
}
