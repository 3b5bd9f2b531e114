using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Interleaving;

/// <summary>Who ran from which point to which. Kept only when a schedule that failed is run again, as it is slow.</summary>
internal sealed partial class ScheduleTrace
{
    private const int MostFrames = 4;
    private readonly StringBuilder _lines = new();
    private readonly Dictionary<Strand, string> _places = [];

    public override string ToString() => _lines.ToString();

    internal void Note(Strand strand, string what) => Add(strand, what);

    /// <summary>One strand stops at the point where it is, and another goes on.</summary>
    internal void Switch(Strand from, Strand to)
    {
        _places[from] = Place();
        Add(from, $"stops in {_places[from]}");
        Begin(to);
    }

    internal void Begin(Strand to) =>
        Add(to, _places.Remove(to, out var place) ? $"goes on in {place}" : "begins");

    private static string Place()
    {
        List<string> frames = [];
        foreach (var frame in new StackTrace(fNeedFileInfo: true).GetFrames())
        {
            var method = frame.GetMethod();
            var type = method?.DeclaringType;
            if (type is null || frames.Count == MostFrames
                || type.Assembly != typeof(PoolCore).Assembly || type == typeof(YieldPoint))
            {
                continue;
            }

            // The methods of state machines and lambdas stand for those that they were written in.
            var written = WrittenName().Match(method!.Name == "MoveNext" ? type.Name : method.Name);
            frames.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"{(written.Success ? written.Groups["name"].Value : method.Name)}:{frame.GetFileLineNumber()}"));
        }

        return frames.Count == 0 ? "its script" : string.Join(" < ", frames);
    }

    private void Add(Strand strand, string what) => _lines.Append("  ").Append(strand.Name).Append(' ').AppendLine(what);

    [GeneratedRegex("<(?<name>[^>]+)>", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex WrittenName();
}
