using System.Globalization;

namespace Pepper.Resources.Providers;

/// <summary>
/// How <see cref="MemoryRanking.Hybrid"/> makes one ranking of two. The defaults need no tuning. Not thread safe while it is
/// being set up.
/// </summary>
public sealed class MemoryFusionOptions
{
    /// <summary>
    /// The k of reciprocal rank fusion: an entry at rank r of a ranking scores weight / (k + r). The smaller it is, the more the
    /// first places count. Default 60, as in the paper; 1 to 10,000.
    /// </summary>
    public int RankConstant { get; set; } = 60;

    /// <summary>How much the ranking by words counts. Default 1; 0 to 1,000.</summary>
    public double TextWeight { get; set; } = 1;

    /// <summary>How much the ranking by vectors counts. Default 1; 0 to 1,000.</summary>
    public double VectorWeight { get; set; } = 1;

    /// <summary>
    /// In more than which share of the texts a word is common. Beside a word that is not, also one that no text has, common
    /// words do not take part in the fusion: all that they find would crowd in among what is near by its vector. They count
    /// where a query has no others, where nothing has a vector, and in <see cref="MemoryRanking.Text"/>. A word in 10 texts or
    /// less is never common. Default 0.25; 0 to 1, where 1 is: none is common.
    /// </summary>
    public double CommonWordShare { get; set; } = 0.25;

    /// <summary>What is wrong with the settings.</summary>
    /// <returns>A sentence for each fault; empty when there is none.</returns>
    public IReadOnlyList<string> GetFaults()
    {
        List<string> faults = [];
        if (RankConstant is < 1 or > 10_000)
        {
            faults.Add(string.Create(
                CultureInfo.InvariantCulture, $"Fusion.RankConstant is {RankConstant}; it must be from 1 to 10000."));
        }

        Judge(nameof(TextWeight), TextWeight, 1_000);
        Judge(nameof(VectorWeight), VectorWeight, 1_000);
        Judge(nameof(CommonWordShare), CommonWordShare, 1);
        if (TextWeight == 0 && VectorWeight == 0)
        {
            faults.Add("Fusion.TextWeight and Fusion.VectorWeight are both 0; one of them must count.");
        }

        return faults;

        void Judge(string name, double value, double most)
        {
            if (!(value >= 0 && value <= most))
            {
                faults.Add(string.Create(
                    CultureInfo.InvariantCulture, $"Fusion.{name} is {value}; it must be from 0 to {most}."));
            }
        }
    }

    internal MemoryFusionOptions Copy() => (MemoryFusionOptions)MemberwiseClone();
}
