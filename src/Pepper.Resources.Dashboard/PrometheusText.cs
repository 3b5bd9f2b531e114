using System.Globalization;
using System.Text;

namespace Pepper.Resources.Dashboard;

/// <summary>Writes families in version 0.0.4 of Prometheus' text format.</summary>
internal sealed class PrometheusText
{
    private readonly StringBuilder _output = new();

    public override string ToString() => _output.ToString();

    /// <summary>Writes the lines of a family; none when it has no series.</summary>
    internal void Write(MetricFamily family)
    {
        var series = family.ReadSeries();
        if (series.Length == 0)
        {
            return;
        }

        WriteHead(family.Name, family.Help, family.Kind switch
        {
            MetricKind.Sum or MetricKind.ObservedSum => "counter",
            MetricKind.Histogram => "histogram",
            _ => "gauge",
        });
        foreach (var one in series)
        {
            if (family.Kind == MetricKind.Histogram)
            {
                WriteHistogram(family, one);
            }
            else
            {
                WriteLine(family.Name, one.Labels, family.IsWhole ? Format(one.Whole) : Format(one.Fraction));
            }
        }
    }

    private static string Format(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Format(double value) => value switch
    {
        double.NaN => "NaN",
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        _ => value.ToString("R", CultureInfo.InvariantCulture).Replace('E', 'e'),
    };

    private void WriteHistogram(MetricFamily family, MetricSeries series)
    {
        var prefix = series.Labels.Length == 0 ? "" : series.Labels + ",";
        var counts = series.ReadBuckets();
        var total = 0L;
        for (var index = 0; index < counts.Length; index++)
        {
            total += counts[index];
            var bound = index < family.Bounds.Count ? family.Bounds[index] : double.PositiveInfinity;
            WriteLine(family.Name + "_bucket", $"{prefix}le=\"{Format(bound)}\"", Format(total));
        }

        WriteLine(family.Name + "_sum", series.Labels, Format(series.Fraction));
        WriteLine(family.Name + "_count", series.Labels, Format(total));
    }

    private void WriteHead(string name, string help, string type)
    {
        _output.Append("# HELP ").Append(name).Append(' ');
        PrometheusNames.AppendEscaped(_output, help, quotes: false);
        _output.Append("\n# TYPE ").Append(name).Append(' ').Append(type).Append('\n');
    }

    private void WriteLine(string name, string labels, string value)
    {
        _output.Append(name);
        if (labels.Length > 0)
        {
            _output.Append('{').Append(labels).Append('}');
        }

        _output.Append(' ').Append(value).Append('\n');
    }
}
