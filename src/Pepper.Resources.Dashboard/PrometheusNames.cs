using System.Globalization;
using System.Text;

namespace Pepper.Resources.Dashboard;

/// <summary>How names, units and tags become what the text format allows.</summary>
internal static class PrometheusNames
{
    /// <param name="name">The name of the instrument: <c>db.client.connection.timeouts</c>.</param>
    /// <param name="unit">Its unit, as UCUM has it: <c>s</c>, <c>By</c>; one in braces is a remark.</param>
    /// <param name="isCounter">Whether it only rises.</param>
    internal static string ToName(string name, string? unit, bool isCounter)
    {
        const string Total = "_total";
        var result = Sanitize(name, allowColon: true);
        if (isCounter && result.EndsWith(Total, StringComparison.Ordinal))
        {
            result = result[..^Total.Length];
        }

        if (ToSuffix(unit) is { } suffix && !result.EndsWith(suffix, StringComparison.Ordinal))
        {
            result += suffix;
        }

        return isCounter ? result + Total : result;
    }

    /// <summary>The tags as labels in the order of their names, so that the order of the tags makes no other series.</summary>
    internal static string ToLabels(ReadOnlySpan<KeyValuePair<string, object?>> tags, bool isHistogram)
    {
        var labels = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in tags)
        {
            // To Prometheus an empty label is none.
            var text = ToText(value);
            if (text.Length == 0)
            {
                continue;
            }

            var name = ToLabelName(key, isHistogram);
            labels[name] = labels.TryGetValue(name, out var other) ? $"{other};{text}" : text;
        }

        var result = new StringBuilder();
        foreach (var (name, value) in labels)
        {
            result.Append(result.Length == 0 ? "" : ",").Append(name).Append("=\"");
            AppendEscaped(result, value, quotes: true);
            result.Append('"');
        }

        return result.ToString();
    }

    internal static void AppendEscaped(StringBuilder output, string text, bool quotes)
    {
        foreach (var character in text)
        {
            _ = character switch
            {
                '\\' => output.Append(@"\\"),
                '\n' => output.Append(@"\n"),
                '"' when quotes => output.Append("\\\""),
                _ => output.Append(character),
            };
        }
    }

    private static string ToLabelName(string key, bool isHistogram)
    {
        var name = Sanitize(key, allowColon: false);
        if (name.StartsWith("__", StringComparison.Ordinal))
        {
            // Two underscores are Prometheus' own.
            name = "_" + name.TrimStart('_');
        }

        return isHistogram && name == "le" ? "le_" : name;
    }

    private static string? ToSuffix(string? unit) => unit switch
    {
        null or "" or "1" or ['{', .., '}'] => null,
        "s" => "_seconds",
        "ms" => "_milliseconds",
        "us" => "_microseconds",
        "ns" => "_nanoseconds",
        "min" => "_minutes",
        "h" => "_hours",
        "d" => "_days",
        "By" => "_bytes",
        "%" => "_percent",
        _ => "_" + Sanitize(unit, allowColon: false).TrimStart('_'),
    };

    private static string Sanitize(string name, bool allowColon)
    {
        var result = new StringBuilder(name.Length + 1);
        foreach (var character in name)
        {
            var allowed = char.IsAsciiLetterOrDigit(character) || character == '_' || (allowColon && character == ':');
            result.Append(allowed ? character : '_');
        }

        if (result.Length == 0 || char.IsAsciiDigit(result[0]))
        {
            result.Insert(0, '_');
        }

        return result.ToString();
    }

    private static string ToText(object? value)
    {
        try
        {
            return value switch
            {
                null => "",
                string text => text,
                bool truth => truth ? "true" : "false",
                _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
            };
        }
        catch (Exception)
        {
            // A tag that cannot say what it is must not fail the operation it belongs to.
            return value!.GetType().Name;
        }
    }
}
