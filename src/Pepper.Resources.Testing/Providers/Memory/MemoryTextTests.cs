using Pepper.Resources.Providers;
using static Pepper.Resources.Testing.MemoryScene;

namespace Pepper.Resources.Testing;

/// <summary>Search by words.</summary>
internal static class MemoryTextTests
{
    internal static readonly MemoryTest[] All =
    [
        new(nameof(Text_FindsEntriesWithAnyOfItsWords), Text_FindsEntriesWithAnyOfItsWords),
        new(nameof(Text_RanksRareWordsFirst), Text_RanksRareWordsFirst),
        new(nameof(Text_RanksShortTextsAndManyOccurrencesFirst), Text_RanksShortTextsAndManyOccurrencesFirst),
        new(nameof(Text_IgnoresCaseAndAccents), Text_IgnoresCaseAndAccents),
        new(nameof(Text_InOtherScripts_IsFound), Text_InOtherScripts_IsFound),
        new(nameof(Text_WithQuerySyntaxInIt_IsData), Text_WithQuerySyntaxInIt_IsData),
        new(nameof(Text_WithoutAWord_FindsNothing), Text_WithoutAWord_FindsNothing),
        new(nameof(Text_SeesTheLatestText), Text_SeesTheLatestText),
        new(nameof(Text_OfWhatIsNotIndexed_FindsNothing), Text_OfWhatIsNotIndexed_FindsNothing),
        new(nameof(Text_InPages_GivesEachOnce), Text_InPages_GivesEachOnce),
        new(nameof(Text_ByRankingThatNeedsMore_IsRefused), Text_ByRankingThatNeedsMore_IsRefused),
    ];

    private static async Task<IMemoryStore> OpenWithAsync(MemoryScene scene, params (string Key, string Text)[] texts)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        await PutAllAsync(store, texts.Select(static one => Put(one.Key, one.Text))).ConfigureAwait(false);
        return store;
    }

    private static async Task Text_FindsEntriesWithAnyOfItsWords(MemoryScene scene)
    {
        var store = await OpenWithAsync(
            scene, ("tea", "The kettle sings when the tea is ready."), ("bread", "Bread rises in a warm kitchen."),
            ("both", "Tea and bread for breakfast"), ("none", "A train leaves at noon.")).ConfigureAwait(false);

        SameList(["both", "bread", "tea"], await SortedKeysAsync(store, new() { Text = "bread tea" }).ConfigureAwait(false));
        SameList(["both"], (await KeysAsync(store, new() { Text = "bread tea" }).ConfigureAwait(false)).Take(1));
        SameList(["none"], await KeysAsync(store, new() { Text = "train" }).ConfigureAwait(false));
        SameList([], await KeysAsync(store, new() { Text = "tra" }).ConfigureAwait(false));
        SameList([], await KeysAsync(store, new() { Text = "zeppelin" }).ConfigureAwait(false));
        var found = await store.SearchAsync(new() { Text = "tea" }).ConfigureAwait(false);
        Check(found.All(static match => match.Score > 0), "A match has no score.");
        Check(found[0].Score >= found[1].Score, "The scores are not in order.");
        Same("Tea and bread for breakfast", found.Single(static match => match.Entry.Key == "both").Entry.Text);
    }

    private static async Task Text_RanksRareWordsFirst(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        await PutAllAsync(store, Enumerable.Range(0, 30).Select(static number => Put($"{number:00}", "common words in a text")))
            .ConfigureAwait(false);
        await store.PutAsync(Put("rare", "zeppelin words in a text")).ConfigureAwait(false);

        SameList(["rare"], (await KeysAsync(store, new() { Text = "common zeppelin" }).ConfigureAwait(false)).Take(1));
    }

    private static async Task Text_RanksShortTextsAndManyOccurrencesFirst(MemoryScene scene)
    {
        var filler = string.Join(' ', Enumerable.Repeat("other things that are said", 20));
        var store = await OpenWithAsync(
            scene, ("long", "kettle " + filler), ("short", "kettle on"), ("twice", "kettle kettle on"), ("x", "stove"),
            ("y", "train"), ("z", "noon"), ("w", "bread")).ConfigureAwait(false);

        SameList(["twice", "short", "long"], await KeysAsync(store, new() { Text = "kettle" }).ConfigureAwait(false));
    }

    private static async Task Text_IgnoresCaseAndAccents(MemoryScene scene)
    {
        var store = await OpenWithAsync(scene, ("a", "CAFÉ Élan"), ("b", "cafe\u0301 noir"), ("c", "ＦＵＬＬ width"))
            .ConfigureAwait(false);

        SameList(["a", "b"], await SortedKeysAsync(store, new() { Text = "cafe" }).ConfigureAwait(false));
        SameList(["a", "b"], await SortedKeysAsync(store, new() { Text = "Café" }).ConfigureAwait(false));
        SameList(["a"], await SortedKeysAsync(store, new() { Text = "ÉLAN" }).ConfigureAwait(false));
        SameList(["c"], await SortedKeysAsync(store, new() { Text = "full" }).ConfigureAwait(false));
    }

    private static async Task Text_InOtherScripts_IsFound(MemoryScene scene)
    {
        var store = await OpenWithAsync(
            scene, ("ja", "東京都に住んでいます"), ("zh", "北京的天气很好"), ("ru", "Чайник кипит"),
            ("el", "Καλημέρα κόσμε"), ("ar", "مرحبا بالعالم"),
            ("hi", "नमस्ते दुनिया"),
            ("ko", "안녕하세요 세계")).ConfigureAwait(false);

        foreach (var (query, key) in new[]
        {
            ("東京", "ja"), ("天气", "zh"), ("чайник", "ru"), ("καλημερα", "el"),
            ("بالعالم", "ar"), ("दुनिया", "hi"), ("세계", "ko"),
        })
        {
            SameList([key], (await KeysAsync(store, new() { Text = query }).ConfigureAwait(false)).Take(1), query);
        }
    }

    private static async Task Text_WithQuerySyntaxInIt_IsData(MemoryScene scene)
    {
        var store = await OpenWithAsync(scene, ("a", "kettle on the stove"), ("b", "not or and near")).ConfigureAwait(false);
        string[] queries =
        [
            "\"kettle", "kettle*", "kettle AND", "(kettle", "kettle)", "NEAR(kettle", "kettle OR", "^kettle", "-kettle",
                "text:kettle",
            "{text}:kettle", "kettle + \"", "'kettle'", "kettle & !", "kettle:*", "kettle <-> ", "kettle | ", "\\kettle",
                "kettle;--",
            "kettle\"\"", "' kettle", "kettle % _", "!kettle", "$1 kettle", "@p kettle",
        ];
        foreach (var query in queries)
        {
            var found = await KeysAsync(store, new() { Text = query }).ConfigureAwait(false);
            Check(found.Contains("a", StringComparer.Ordinal), $"The query {query} does not find the word in it.");
        }

        SameList(["b"], await KeysAsync(store, new() { Text = "NOT" }).ConfigureAwait(false));
        SameList(["b"], await KeysAsync(store, new() { Text = "AND OR NEAR" }).ConfigureAwait(false));
        SameList([], await KeysAsync(store, new() { Text = "kett*" }).ConfigureAwait(false));
    }

    private static async Task Text_WithoutAWord_FindsNothing(MemoryScene scene)
    {
        var store = await OpenWithAsync(scene, ("a", "kettle"), ("b", "!!!"), ("c", "")).ConfigureAwait(false);
        foreach (var query in new[] { "!!!", "\"", "-", "()", "'", "😀" })
        {
            SameList([], await KeysAsync(store, new() { Text = query }).ConfigureAwait(false), query);
        }

        SameList(["a", "b", "c"], await KeysAsync(store, new() { Text = "  " }).ConfigureAwait(false));
    }

    private static async Task Text_SeesTheLatestText(MemoryScene scene)
    {
        var store = await OpenWithAsync(scene, ("a", "kettle"), ("b", "stove")).ConfigureAwait(false);

        await store.PutAsync(Put("a", "train")).ConfigureAwait(false);
        await store.DeleteAsync(Notes, "b").ConfigureAwait(false);

        SameList([], await KeysAsync(store, new() { Text = "kettle" }).ConfigureAwait(false));
        SameList([], await KeysAsync(store, new() { Text = "stove" }).ConfigureAwait(false));
        SameList(["a"], await KeysAsync(store, new() { Text = "train" }).ConfigureAwait(false));
    }

    private static async Task Text_OfWhatIsNotIndexed_FindsNothing(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        await PutAllAsync(
            store, Put("none", "kettle") with { Index = MemoryIndex.None },
            Put("vector", "kettle") with { Index = MemoryIndex.Vector, Vector = new float[] { 1, 0 } },
            Put("text", "kettle") with { Index = MemoryIndex.Text }).ConfigureAwait(false);

        SameList(["text"], await KeysAsync(store, new() { Text = "kettle" }).ConfigureAwait(false));
        SameList(["vector"], await KeysAsync(store, new() { Vector = new float[] { 1, 0 } }).ConfigureAwait(false));
        SameList(["none", "text", "vector"], await KeysAsync(store, new()).ConfigureAwait(false));
        await store.PutAsync(Put("text", "kettle") with { Index = MemoryIndex.None }).ConfigureAwait(false);
        SameList([], await KeysAsync(store, new() { Text = "kettle" }).ConfigureAwait(false));
        await store.PutAsync(Put("none", "kettle")).ConfigureAwait(false);
        SameList(["none"], await KeysAsync(store, new() { Text = "kettle" }).ConfigureAwait(false));
        await ThrowsAsync<ArgumentException>(
            () => store.PutAsync(Put("a") with { Index = MemoryIndex.Text, Vector = new float[] { 1, 0 } }).AsTask(),
            "A vector that is not to be kept").ConfigureAwait(false);
    }

    private static async Task Text_InPages_GivesEachOnce(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        await PutAllAsync(store, Enumerable.Range(0, 25).Select(static number =>
            Put($"{number:00}", "kettle " + string.Join(' ', Enumerable.Repeat("on", number / 5))))).ConfigureAwait(false);
        List<string> seen = [];
        for (var offset = 0; offset < 35; offset += 7)
        {
            seen.AddRange(await KeysAsync(store, new() { Text = "kettle", Limit = 7, Offset = offset }).ConfigureAwait(false));
        }

        SameList(await KeysAsync(store, new() { Text = "kettle", Limit = 100 }).ConfigureAwait(false), seen);
        Same(25, seen.Distinct(StringComparer.Ordinal).Count());
    }

    private static async Task Text_ByRankingThatNeedsMore_IsRefused(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        await ThrowsAsync<ArgumentException>(
            () => store.SearchAsync(new() { Ranking = MemoryRanking.Text }).AsTask(), "A text search without a text")
            .ConfigureAwait(false);
        await ThrowsAsync<ArgumentException>(
            () => store.SearchAsync(new() { Ranking = MemoryRanking.Hybrid, Vector = new float[] { 1 } }).AsTask(),
            "A hybrid search without a text").ConfigureAwait(false);
        await ThrowsAsync<NotSupportedException>(
            () => store.SearchAsync(new() { Ranking = MemoryRanking.Vector, Text = "x" }).AsTask(),
            "A vector search without vector and embedding").ConfigureAwait(false);
        await ThrowsAsync<ArgumentException>(
            () => store.SearchAsync(new() { Ranking = (MemoryRanking)99 }).AsTask(), "A ranking that there is not")
            .ConfigureAwait(false);
    }
}
