namespace Pepper.Resources.PostgreSql;

/// <summary>
/// Ranks by BM25 (k1 = 1.2, b = 0.75, as in the other stores) without scoring every text that has a frequent word, and yet
/// exactly: as long as the last of the best has more than all words left out could give together, no text that has only those can
/// be among the best (Turtle and Flood, "Query evaluation: strategies and optimizations", 1995; known as MaxScore).
/// </summary>
internal static class PostgreSqlWordRanking
{
    // What a word gives at most, however often it is in a text, for each unit of its weight: k1 + 1.
    internal const double Most = 2.2;

    private const int Growth = 4;

    internal static double WeightOf(long count, long texts) =>
        Math.Log(1 + ((Math.Max(texts, count) - count + 0.5) / (count + 0.5)));

    /// <summary>Asks for the texts with the rarest words, and for those with more words where that is not enough.</summary>
    /// <param name="words">The words that some text has, with their weights and in how many texts they are.</param>
    /// <param name="window">How many are wanted.</param>
    /// <param name="isRestricted">Whether conditions leave few of those texts, nobody knows how few.</param>
    /// <param name="runAsync">
    /// Finds the best of the texts that have one of the words given, scored by all words, the best first.
    /// </param>
    /// <param name="scoreOf">The score of what it finds.</param>
    internal static async Task<List<T>> RunAsync<T>(
        IReadOnlyList<(string Term, double Weight, long Count)> words, int window, bool isRestricted,
        Func<IReadOnlyList<string>, Task<List<T>>> runAsync, Func<T, double> scoreOf)
    {
        var rarest = words.OrderByDescending(static word => word.Weight).ToList();
        var found = new List<T>();
        var taken = 0;
        // How many texts are to have one of the words taken: some have several, and conditions leave some out.
        long wanted = window;
        while (taken < rarest.Count)
        {
            taken = found.Count == window && window > 0
                ? FirstThatIsEnough(rarest, taken, scoreOf(found[^1]))
                : FirstThatMayFill(rarest, taken, wanted);
            wanted = isRestricted || wanted > long.MaxValue / Growth ? long.MaxValue : wanted * Growth;
            found = await runAsync([.. rarest.Take(taken).Select(static word => word.Term)]).ConfigureAwait(false);
            if (found.Count == window && (window == 0 || scoreOf(found[^1]) > RestOf(rarest, taken)))
            {
                break;
            }
        }

        return found;
    }

    private static double RestOf(List<(string Term, double Weight, long Count)> rarest, int taken) =>
        rarest.Skip(taken).Sum(static word => word.Weight * Most);

    private static int FirstThatIsEnough(List<(string Term, double Weight, long Count)> rarest, int taken, double last)
    {
        do
        {
            taken++;
        }
        while (taken < rarest.Count && last <= RestOf(rarest, taken));
        return taken;
    }

    private static int FirstThatMayFill(List<(string Term, double Weight, long Count)> rarest, int taken, long wanted)
    {
        do
        {
            taken++;
        }
        while (taken < rarest.Count && rarest.Take(taken).Sum(static word => word.Count) < wanted);
        return taken;
    }
}
