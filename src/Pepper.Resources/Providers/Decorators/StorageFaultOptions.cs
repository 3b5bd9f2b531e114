using Pepper.Resources.Recovery;

namespace Pepper.Resources.Providers;

/// <summary>Which faults are put into a storage, to see what its users make of them. Copied by whoever takes it.</summary>
public sealed class StorageFaultOptions
{
    /// <summary>How many operations of a hundred, as a fraction, fail before they are done: 0 to 1. Default: 0.</summary>
    public double FailBefore { get; set; }

    /// <summary>
    /// How many, as a fraction, fail after they were done, so that their caller does not know: 0 to 1. Default: 0.
    /// </summary>
    public double FailAfter { get; set; }

    /// <summary>How many, as a fraction, begin late: 0 to 1. Default: 0.</summary>
    public double Delay { get; set; }

    /// <summary>By how much those begin late: zero to 1 day. Default: 1 second.</summary>
    public TimeSpan DelayTime { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Begins the row of random numbers: the same row for the same number. Default: 1.</summary>
    public int Seed { get; set; } = 1;

    /// <summary>Makes the failure. Default: <c>null</c>, an <see cref="IOException"/>.</summary>
    public Func<StorageCall, Exception>? Failure { get; set; }

    internal StorageFaultOptions Freeze()
    {
        var faults = new OptionFaults();
        faults.AddNumber(nameof(FailBefore), FailBefore, 0, 1);
        faults.AddNumber(nameof(FailAfter), FailAfter, 0, 1);
        faults.AddNumber(nameof(Delay), Delay, 0, 1);
        faults.AddTime(nameof(DelayTime), DelayTime, mayBeZero: true);
        faults.ThrowIfAny("storage faults", "faults");
        return (StorageFaultOptions)MemberwiseClone();
    }
}
