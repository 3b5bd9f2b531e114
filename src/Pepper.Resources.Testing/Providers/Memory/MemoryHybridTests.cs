using System.Globalization;
using Pepper.Resources.Providers;
using static Pepper.Resources.Testing.MemoryScene;

namespace Pepper.Resources.Testing;

/// <summary>Which words take part where two rankings become one, and how much each ranking counts.</summary>
internal static class MemoryHybridTests
{
    private const int Many = 24;

    internal static readonly MemoryTest[] All =
    [
        new(nameof(Hybrid_CommonWordBesideAnother_CrowdsNothingIn), Hybrid_CommonWordBesideAnother_CrowdsNothingIn),
        new(nameof(Hybrid_CommonWordAlone_Counts), Hybrid_CommonWordAlone_Counts),
        new(nameof(Hybrid_CommonWordWhereNothingHasAVector_Counts), Hybrid_CommonWordWhereNothingHasAVector_Counts),
        new(nameof(Hybrid_Weights_AreThoseOfTheOptions), Hybrid_Weights_AreThoseOfTheOptions),
    ];

    private static string Key(int number) => number.ToString("00", CultureInfo.InvariantCulture);

    // The texts are in the order of their numbers by words, as the first are the shortest, and the other way round by vectors.
    private static async Task<IMemoryStore> OpenAsync(
        MemoryScene scene, bool withVectors = true, MemoryFusionOptions? options = null)
    {
        var store = await scene.OpenAsync(new MemoryStoreOptions { Fusion = options ?? new MemoryFusionOptions() })
            .ConfigureAwait(false);
        await PutAllAsync(store, Enumerable.Range(0, Many).Select(number =>
        {
            var text = string.Join(' ', Enumerable.Repeat("filler", number).Prepend("about"));
            return withVectors
                ? Put(Key(number), text) with { Vector = new float[] { Many - number, 1 } }
                : Put(Key(number), text) with { Index = MemoryIndex.Text };
        }).Append(Put("far", "kettle") with { Vector = new float[] { 1, 50 } }).Where(put => withVectors || put.Key != "far"))
            .ConfigureAwait(false);
        return store;
    }

    private static MemorySearch Ask(string text) => new() { Text = text, Vector = new float[] { 0, 1 }, Limit = 3 };

    private static async Task Hybrid_CommonWordBesideAnother_CrowdsNothingIn(MemoryScene scene)
    {
        var store = await OpenAsync(scene).ConfigureAwait(false);

        SameList(
            ["far", "23", "22"], await KeysAsync(store, Ask("about the ketle")).ConfigureAwait(false), "beside unknown words");
        SameList(["far", "23", "22"], await KeysAsync(store, Ask("about kettle")).ConfigureAwait(false), "beside a rare word");
        Same(25, (await KeysAsync(store, Ask("about the ketle") with { Limit = 100 }).ConfigureAwait(false)).Length);
        SameList(
            ["00", "01", "02"], await KeysAsync(store, Ask("about the ketle") with { Ranking = MemoryRanking.Text })
                .ConfigureAwait(false), "by words alone");
    }

    private static async Task Hybrid_CommonWordAlone_Counts(MemoryScene scene)
    {
        var store = await OpenAsync(scene).ConfigureAwait(false);

        // Each is first in one ranking and last in the other, but for the one that has no such word.
        var found = await KeysAsync(store, Ask("about") with { Limit = 100 }).ConfigureAwait(false);

        Same(25, found.Length);
        Same("far", found[^1]);
    }

    private static async Task Hybrid_CommonWordWhereNothingHasAVector_Counts(MemoryScene scene)
    {
        var store = await OpenAsync(scene, withVectors: false).ConfigureAwait(false);

        SameList(["00", "01", "02"], await KeysAsync(store, Ask("about the ketle")).ConfigureAwait(false));
    }

    private static async Task Hybrid_Weights_AreThoseOfTheOptions(MemoryScene scene)
    {
        var store = await OpenAsync(scene, options: new MemoryFusionOptions
        {
            RankConstant = 1,
            TextWeight = 4,
            VectorWeight = 0.5,
            CommonWordShare = 1,
        }).ConfigureAwait(false);

        var found = await store.SearchAsync(Ask("about") with { Limit = 1 }).ConfigureAwait(false);

        Check(found is [{ Entry.Key: "00" }], "The ranking by words does not count more.");
        var expected = (4 / 2.0) + (0.5 / (1 + Many + 1));
        Check(Math.Abs(found[0].Score - expected) < 1e-9, $"The score is {found[0].Score}; expected: {expected}.");
    }
}
