using System.Globalization;

namespace Pepper.Resources.Recovery;

/// <summary>Collects the faults of a set of options, to tell all of them at once.</summary>
internal sealed class OptionFaults
{
    /// <summary>The longest time that any option takes: timers cannot be set much further.</summary>
    internal static readonly TimeSpan LongestTime = TimeSpan.FromDays(1);

    private readonly List<string> _faults = [];

    internal IReadOnlyList<string> All => _faults;

    internal void Add(string fault) => _faults.Add(fault);

    internal void AddName(string? name)
    {
        if (string.IsNullOrWhiteSpace(name))
        {
            Add("Name must not be empty.");
        }
    }

    internal void AddTime(string option, TimeSpan? value, bool mayBeZero = false)
    {
        if (value is { } time && (time < TimeSpan.Zero || (time == TimeSpan.Zero && !mayBeZero) || time > LongestTime))
        {
            Add($"{option} is {time}, but must be {(mayBeZero ? "zero or more" : "above zero")}, and {LongestTime} at most.");
        }
    }

    internal void AddCount(string option, int value, int least, int most)
    {
        if (value < least || value > most)
        {
            Add(string.Create(CultureInfo.InvariantCulture, $"{option} is {value}, but must be from {least} to {most}."));
        }
    }

    internal void AddNumber(string option, double? value, double least, double most)
    {
        // Written so that what is not a number is a fault too.
        if (value is { } number && !(number >= least && number <= most))
        {
            Add(string.Create(CultureInfo.InvariantCulture, $"{option} is {number}, but must be from {least} to {most}."));
        }
    }

    internal void ThrowIfAny(string of, string? name)
    {
        if (_faults.Count > 0)
        {
            throw new ArgumentException(
                $"The options of {of} '{name}' have {_faults.Count} fault(s): {string.Join(' ', _faults)}");
        }
    }
}
