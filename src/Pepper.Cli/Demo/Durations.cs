using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Pepper.Cli.Demo;

/// <summary>Reads and writes durations as people write them: <c>500ms</c>, <c>20s</c>, <c>2m</c>, <c>1h</c>.</summary>
internal static class Durations
{
    private static readonly (string Unit, double Milliseconds)[] Units =
        [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];

    /// <summary>Reads a number with its unit. A number alone has no meaning: seconds here, milliseconds there.</summary>
    internal static bool TryParse(string text, [NotNullWhen(true)] out TimeSpan? duration)
    {
        duration = null;
        foreach (var (unit, milliseconds) in Units)
        {
            if (text.EndsWith(unit, StringComparison.Ordinal)
                && double.TryParse(
                    text.AsSpan(0, text.Length - unit.Length),
                    NumberStyles.AllowDecimalPoint,
                    CultureInfo.InvariantCulture,
                    out var number)
                && !double.IsNaN(number))
            {
                // A day is far beyond what any command takes, and far within what a TimeSpan holds.
                duration = TimeSpan.FromMilliseconds(Math.Min(number * milliseconds, TimeSpan.FromDays(365).TotalMilliseconds));
                return true;
            }
        }

        return false;
    }

    /// <summary>A short time for a table: three digits or so, in milliseconds.</summary>
    internal static string Milliseconds(TimeSpan time)
    {
        var value = time.TotalMilliseconds;
        var format = value switch { 0 => "0", < 1 => "0.00", < 9.95 => "0.0", _ => "#,0" };
        return value.ToString(format, CultureInfo.InvariantCulture) + " ms";
    }
}
