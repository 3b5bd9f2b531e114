using Pepper.Resources.Providers;
using static Pepper.Resources.Testing.MemoryScene;

namespace Pepper.Resources.Testing;

/// <summary>Filters, pages, and listing without a query.</summary>
internal static class MemoryFilterTests
{
    internal static readonly MemoryTest[] All =
    [
        new(nameof(Filter_OfEachComparison_FindsWhatFulfilsIt), Filter_OfEachComparison_FindsWhatFulfilsIt),
        new(nameof(Filter_OfTexts_IsInOrderOfCodePoints), Filter_OfTexts_IsInOrderOfCodePoints),
        new(nameof(Filter_OfTruthValues_HasNoOrder), Filter_OfTruthValues_HasNoOrder),
        new(nameof(Filters_MustAllHold), Filters_MustAllHold),
        new(nameof(Filters_HoldForEachRanking), Filters_HoldForEachRanking),
        new(nameof(Filter_WithSqlInIt_IsData), Filter_WithSqlInIt_IsData),
        new(nameof(Filter_SeesTheLatestMetadata), Filter_SeesTheLatestMetadata),
        new(nameof(Pages_WithoutAQuery_GiveEachOnce), Pages_WithoutAQuery_GiveEachOnce),
        new(nameof(Pages_ThatAreNone_AreRefused), Pages_ThatAreNone_AreRefused),
    ];

    private static async Task Filter_OfEachComparison_FindsWhatFulfilsIt(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        await PutAllAsync(
            store, Put("-1", "", ("x", -1)), Put("0", "", ("x", 0)), Put("1", "", ("x", 1)), Put("10", "", ("x", 10)),
            Put("9", "", ("x", 9)), Put("none", "", ("y", 1)), Put("text", "", ("x", "1")), Put("true", "", ("x", true)))
            .ConfigureAwait(false);

        foreach (var (filter, expected) in new (MemoryFilter, string[])[]
        {
            (MemoryFilter.Equal("x", 1), ["1"]),
            (MemoryFilter.Equal("x", "1"), ["text"]),
            (MemoryFilter.Equal("x", true), ["true"]),
            (MemoryFilter.Equal("X", 1), []),
            (MemoryFilter.NotEqual("x", 1), ["-1", "0", "10", "9", "none", "text", "true"]),
            (MemoryFilter.NotEqual("x", "1"), ["-1", "0", "1", "10", "9", "none", "true"]),
            (MemoryFilter.NotEqual("x", true), ["-1", "0", "1", "10", "9", "none", "text"]),
            (MemoryFilter.NotEqual("z", 1), ["-1", "0", "1", "10", "9", "none", "text", "true"]),
            (MemoryFilter.Greater("x", 1), ["10", "9"]),
            (MemoryFilter.GreaterOrEqual("x", 1), ["1", "10", "9"]),
            (MemoryFilter.Less("x", 1), ["-1", "0"]),
            (MemoryFilter.LessOrEqual("x", 1), ["-1", "0", "1"]),
            (MemoryFilter.Greater("x", "0"), ["text"]),
            (MemoryFilter.LessOrEqual("x", "0"), []),
        })
        {
            SameList(expected, await SortedKeysAsync(store, new() { Filters = [filter] })
                .ConfigureAwait(false), filter.ToString());
        }
    }

    private static async Task Filter_OfTexts_IsInOrderOfCodePoints(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        string[] order = ["", "A", "B", "a", "a ", "ab", "b", "é", "\uE000", "\uFFFD", "😀"];
        await PutAllAsync(store, order.Select(static (text, index) => Put($"{index:00}", "", ("t", text)))).ConfigureAwait(false);

        for (var index = 0; index < order.Length; index++)
        {
            var filter = MemoryFilter.Less("t", order[index]);
            Same(index, (await KeysAsync(store, new() { Filters = [filter], Limit = 100 }).ConfigureAwait(false)).Length);
            filter = MemoryFilter.GreaterOrEqual("t", order[index]);
            Same(order.Length - index,
                (await KeysAsync(store, new() { Filters = [filter], Limit = 100 }).ConfigureAwait(false)).Length);
        }
    }

    private static async Task Filter_OfTruthValues_HasNoOrder(MemoryScene scene)
    {
        _ = await scene.OpenAsync().ConfigureAwait(false);
        await ThrowsAsync<ArgumentException>(
            () => Task.FromResult(MemoryFilter.Greater("x", false)), "A truth value that is greater").ConfigureAwait(false);
    }

    private static async Task Filters_MustAllHold(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        await PutAllAsync(store, Enumerable.Range(0, 20).Select(static number =>
            Put($"{number:00}", "", ("n", number), ("even", number % 2 == 0), ("kind", number % 3 == 0 ? "fizz" : "plain"))))
            .ConfigureAwait(false);

        SameList(
            ["06", "12"],
            await SortedKeysAsync(store, new()
            {
                Filters =
                [
                    MemoryFilter.Greater("n", 0), MemoryFilter.Less("n", 18), MemoryFilter.Equal("even", true),
                    MemoryFilter.NotEqual("kind", "plain"),
                ],
            }).ConfigureAwait(false));
    }

    private static async Task Filters_HoldForEachRanking(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        // Those that do not fulfil the filter are the better matches, and more than a page of them.
        await PutAllAsync(store, Enumerable.Range(0, 40).Select(static number =>
            Put($"{number:00}", number < 30 ? "kettle kettle" : "kettle on the stove", ("late", number >= 30)) with
            {
                Vector = new float[] { 1, number },
            })).ConfigureAwait(false);
        MemorySearch search = new() { Filters = [MemoryFilter.Equal("late", true)], Limit = 20 };

        foreach (var ranked in new[]
        {
            search with { Text = "kettle" }, search with { Vector = new float[] { 1, 0 } },
            search with { Text = "kettle", Vector = new float[] { 1, 0 } },
        })
        {
            SameList(
                Enumerable.Range(30, 10).Select(static number => $"{number}"),
                await SortedKeysAsync(store, ranked).ConfigureAwait(false), $"{ranked.Text} {ranked.Vector}");
        }
    }

    private static async Task Filter_WithSqlInIt_IsData(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        string[] attacks =
        [
            "' OR '1'='1", "'; DELETE FROM entries; --", "x') OR 1=1 --", "\\'; DROP TABLE entries; --", "$.x' OR 1=1 --",
            "\"; DROP TABLE entries; --", "1) UNION SELECT * FROM entries --",
        ];
        await PutAllAsync(store, Put("a", "kettle", ("x", "safe")), Put("b", "kettle", ("x", "safe"))).ConfigureAwait(false);

        foreach (var attack in attacks)
        {
            MemorySearch byValue = new() { Filters = [MemoryFilter.Equal("x", attack)] };
            SameList([], await KeysAsync(store, byValue).ConfigureAwait(false), attack);
            SameList([], await KeysAsync(store, byValue with { Text = "kettle" }).ConfigureAwait(false), attack);
            SameList([], await KeysAsync(store, new() { Filters = [MemoryFilter.Equal(attack, "safe")] })
                .ConfigureAwait(false), attack);
            SameList([], await KeysAsync(store, new() { Filters = [MemoryFilter.Greater(attack, 0)] })
                .ConfigureAwait(false), attack);
            SameList([], await KeysAsync(store, new() { Namespace = new(attack) }).ConfigureAwait(false), attack);
            Same(0, await store.DeleteNamespaceAsync(new(attack)).ConfigureAwait(false));
            Same(false, await store.DeleteAsync(Notes, attack).ConfigureAwait(false));
            Same(2, (await KeysAsync(store, new() { Filters = [MemoryFilter.NotEqual("x", attack)] })
                .ConfigureAwait(false)).Length);
        }

        SameList(["a", "b"], await KeysAsync(store, new()).ConfigureAwait(false));
    }

    private static async Task Filter_SeesTheLatestMetadata(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        MemorySearch one = new() { Filters = [MemoryFilter.Equal("x", 1)] };
        await store.PutAsync(Put("a", "", ("x", 1))).ConfigureAwait(false);
        SameList(["a"], await KeysAsync(store, one).ConfigureAwait(false));
        await store.PutAsync(Put("a", "", ("x", 2))).ConfigureAwait(false);
        SameList([], await KeysAsync(store, one).ConfigureAwait(false));
        await store.PutAsync(Put("a")).ConfigureAwait(false);
        SameList([], await KeysAsync(store, one).ConfigureAwait(false));
    }

    private static async Task Pages_WithoutAQuery_GiveEachOnce(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        string[] keys = [.. Enumerable.Range(0, 25).Select(static number => $"k{number:00}")];
        await PutAllAsync(store, keys.Reverse().Select(static key => Put(key))).ConfigureAwait(false);
        List<string> seen = [];
        for (var offset = 0; offset < 35; offset += 7)
        {
            seen.AddRange(await KeysAsync(store, new() { Limit = 7, Offset = offset }).ConfigureAwait(false));
        }

        SameList(keys, seen);
        SameList(keys.Take(10), await KeysAsync(store, new()).ConfigureAwait(false));
        SameList([], await KeysAsync(store, new() { Limit = 0 }).ConfigureAwait(false));
        SameList([], await KeysAsync(store, new() { Offset = int.MaxValue }).ConfigureAwait(false));
    }

    private static async Task Pages_ThatAreNone_AreRefused(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        foreach (var search in new MemorySearch[] { new() { Limit = -1 }, new() { Limit = 1001 }, new() { Offset = -1 } })
        {
            await ThrowsAsync<ArgumentException>(() => store.SearchAsync(search).AsTask(), $"{search}").ConfigureAwait(false);
        }

        var many = Enumerable.Repeat(MemoryFilter.Equal("x", 1), 33).ToArray();
        await ThrowsAsync<ArgumentException>(() => store.SearchAsync(new() { Filters = many }).AsTask(), "33 filters")
            .ConfigureAwait(false);
    }
}
