using Pepper.Resources.Providers;
using static Pepper.Resources.Testing.MemoryScene;

namespace Pepper.Resources.Testing;

/// <summary>Search by vectors, by both, and embeddings.</summary>
internal static class MemoryVectorTests
{
    internal static readonly MemoryTest[] All =
    [
        new(nameof(Vector_RanksByTheCosine), Vector_RanksByTheCosine),
        new(nameof(Vector_InPages_GivesEachOnce), Vector_InPages_GivesEachOnce),
        new(nameof(Vector_OfAnotherLength_IsRefused), Vector_OfAnotherLength_IsRefused),
        new(nameof(Vector_ThatIsNone_IsRefused), Vector_ThatIsNone_IsRefused),
        new(nameof(Vector_SeesTheLatestVector), Vector_SeesTheLatestVector),
        new(nameof(Vector_OfAnArrayThatChangesLater_IsTheOneThatWasGiven), Vector_OfAnArrayThatChangesLater_IsTheOneThatWasGiven),
        new(nameof(Vector_OfAllTheLengthsThatAreAllowed_ComesBack), Vector_OfAllTheLengthsThatAreAllowed_ComesBack),
        new(nameof(Hybrid_FusesTheRanks), Hybrid_FusesTheRanks),
        new(nameof(Hybrid_InPages_GivesEachOnce), Hybrid_InPages_GivesEachOnce),
        new(nameof(Embedding_MakesVectorsOfPutsAndSearches), Embedding_MakesVectorsOfPutsAndSearches),
        new(nameof(Embedding_OfABatch_IsAskedOnce), Embedding_OfABatch_IsAskedOnce),
        new(nameof(Embedding_ThatFails_WritesNothing), Embedding_ThatFails_WritesNothing),
        new(nameof(Embedding_ThatIsCancelled_WritesNothing), Embedding_ThatIsCancelled_WritesNothing),
        new(nameof(Embedding_IsDeclaredWhenItIsThere), Embedding_IsDeclaredWhenItIsThere),
    ];

    private static MemoryPut At(string key, params float[] vector) => Put(key) with { Vector = vector };

    /// <summary>How often a text has each vowel.</summary>
    private static ReadOnlyMemory<float> Vowels(string text) =>
        "aeiou".Select(vowel => (float)text.Count(letter => letter == vowel)).ToArray();

    private static ValueTask<IReadOnlyList<ReadOnlyMemory<float>>> EmbedVowels(
        IReadOnlyList<string> texts, CancellationToken cancellationToken) => new([.. texts.Select(Vowels)]);

    private static async Task Vector_RanksByTheCosine(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        await PutAllAsync(
            store, At("same", 2, 2, 0), At("near", 5, 4, 0), At("far", 0, 1, 9), At("opposite", -1, -1, 0), At("zero", 0, 0, 0),
            Put("no vector", "kettle")).ConfigureAwait(false);

        var found = await store.SearchAsync(new() { Vector = new float[] { 100, 100, 0 } }).ConfigureAwait(false);

        SameList(["same", "near", "far", "zero", "opposite"], found.Select(static match => match.Entry.Key));
        foreach (var (match, cosine) in found.Zip([1, 0.9938837, 0.0780869, 0, -1]))
        {
            Check(Math.Abs(match.Score - cosine) < 1e-5,
                $"The cosine of '{match.Entry.Key}' is {match.Score}; expected: {cosine}.");
        }
    }

    private static async Task Vector_InPages_GivesEachOnce(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        await PutAllAsync(store, Enumerable.Range(0, 25).Select(static number => At($"{number:00}", 1, number / 3)))
            .ConfigureAwait(false);
        MemorySearch search = new() { Vector = new float[] { 1, 0 } };
        List<string> seen = [];
        for (var offset = 0; offset < 35; offset += 7)
        {
            seen.AddRange(await KeysAsync(store, search with { Limit = 7, Offset = offset }).ConfigureAwait(false));
        }

        SameList(await KeysAsync(store, search with { Limit = 100 }).ConfigureAwait(false), seen);
        Same(25, seen.Distinct(StringComparer.Ordinal).Count());
        SameList([], await KeysAsync(store, search with { Offset = int.MaxValue }).ConfigureAwait(false));
    }

    private static async Task Vector_OfAnotherLength_IsRefused(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        SameList([], await KeysAsync(store, new() { Vector = new float[] { 1, 2, 3, 4 } }).ConfigureAwait(false));
        await ThrowsAsync<ArgumentException>(
            () => store.BatchAsync([At("c", 1, 2, 3), At("d", 1)]).AsTask(), "A batch of two lengths").ConfigureAwait(false);
        // What was refused has not decided which length the store has.
        await store.PutAsync(At("a", 1, 2)).ConfigureAwait(false);

        var failure = await ThrowsAsync<ArgumentException>(() => store.PutAsync(At("b", 1, 2, 3)).AsTask(), "Three elements")
            .ConfigureAwait(false);
        Check(failure.Message.Contains('2', StringComparison.Ordinal) && failure.Message.Contains('3', StringComparison.Ordinal),
            "The refusal does not name both lengths.");
        await ThrowsAsync<ArgumentException>(
            () => store.SearchAsync(new() { Vector = new float[] { 1 } }).AsTask(), "One element").ConfigureAwait(false);
        await ThrowsAsync<ArgumentException>(
            () => store.BatchAsync([At("c", 1, 2), At("d", 1)]).AsTask(), "A batch with one element").ConfigureAwait(false);
        SameList(["a"], await KeysAsync(store, new()).ConfigureAwait(false));
    }

    private static async Task Vector_ThatIsNone_IsRefused(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        var most = store.Capabilities.MaxDimensions;
        foreach (var vector in new float[][] { [], [float.NaN], [float.PositiveInfinity, 1], new float[most + 1] })
        {
            await ThrowsAsync<ArgumentException>(() => store.PutAsync(At("a", vector)).AsTask(), "A bad vector")
                .ConfigureAwait(false);
            await ThrowsAsync<ArgumentException>(
                () => store.SearchAsync(new() { Vector = vector }).AsTask(), "A bad vector").ConfigureAwait(false);
        }

        SameList([], await KeysAsync(store, new()).ConfigureAwait(false));
    }

    private static async Task Vector_SeesTheLatestVector(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        await PutAllAsync(store, At("a", 1, 0), At("b", 0, 1), At("c", 1, 1), At("a", 0, 1), Put("b")).ConfigureAwait(false);
        await store.DeleteAsync(Notes, "c").ConfigureAwait(false);

        var found = await store.SearchAsync(new() { Vector = new float[] { 0, 1 } }).ConfigureAwait(false);

        Check(found is [{ Entry.Key: "a", Score: > 0.999 }], "The search does not see the latest vectors.");
    }

    private static async Task Vector_OfAnArrayThatChangesLater_IsTheOneThatWasGiven(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        float[] vector = [1, 0];
        await store.PutAsync(At("kept", vector)).ConfigureAwait(false);
        await store.PutAsync(At("other", 0.6f, 0.8f)).ConfigureAwait(false);

        (vector[0], vector[1]) = (0, 1);

        SameList(["kept", "other"], await KeysAsync(store, new() { Vector = new float[] { 1, 0 } }).ConfigureAwait(false));
    }

    private static async Task Vector_OfAllTheLengthsThatAreAllowed_ComesBack(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        var random = new Random(7);
        float[] Random() => [.. Enumerable.Range(0, store.Capabilities.MaxDimensions).Select(_ => random.NextSingle() - 0.5f)];
        var wanted = Random();
        await PutAllAsync(store, Enumerable.Range(0, 9).Select(number => At($"{number}", number == 4 ? wanted : Random())))
            .ConfigureAwait(false);

        var found = await store.SearchAsync(new() { Vector = wanted, Limit = 1 }).ConfigureAwait(false);

        Check(found is [{ Entry.Key: "4", Score: > 0.9999 }], "The vector is not the nearest to itself.");
    }

    private static async Task Hybrid_FusesTheRanks(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        await PutAllAsync(
            store, Put("words", "kettle kettle"), Put("both", "kettle on the stove") with { Vector = new float[] { 1, 0 } },
            Put("meaning", "steam") with { Vector = new float[] { 1, 1 } }, Put("nothing", "train")).ConfigureAwait(false);

        var found = await store.SearchAsync(new() { Text = "kettle", Vector = new float[] { 1, 0 } }).ConfigureAwait(false);

        SameList(["both", "words", "meaning"], found.Select(static match => match.Entry.Key));
        foreach (var (match, score) in found.Zip([(1.0 / 62) + (1.0 / 61), 1.0 / 61, 1.0 / 62]))
        {
            Check(Math.Abs(match.Score - score) < 1e-9, $"'{match.Entry.Key}' scores {match.Score}; expected: {score}.");
        }

        SameList(
            ["words", "both"],
            await KeysAsync(store, new() { Text = "kettle", Vector = new float[] { 1, 0 }, Ranking = MemoryRanking.Text })
                .ConfigureAwait(false));
        SameList(
            ["both", "meaning"],
            await KeysAsync(store, new() { Text = "kettle", Vector = new float[] { 1, 0 }, Ranking = MemoryRanking.Vector })
                .ConfigureAwait(false));
        SameList(
            ["both", "meaning", "nothing", "words"],
            await KeysAsync(store, new() { Text = "kettle", Vector = new float[] { 1, 0 }, Ranking = MemoryRanking.None })
                .ConfigureAwait(false));
    }

    private static async Task Hybrid_InPages_GivesEachOnce(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        await PutAllAsync(store, Enumerable.Range(0, 25).Select(static number =>
            Put($"{number:00}", number % 2 == 0 ? "kettle" : "stove") with { Vector = new float[] { 1, number } }))
                .ConfigureAwait(false);
        MemorySearch search = new() { Text = "kettle", Vector = new float[] { 1, 30 } };
        List<string> seen = [];
        for (var offset = 0; offset < 35; offset += 7)
        {
            seen.AddRange(await KeysAsync(store, search with { Limit = 7, Offset = offset }).ConfigureAwait(false));
        }

        SameList(await KeysAsync(store, search with { Limit = 100 }).ConfigureAwait(false), seen);
        Same(25, seen.Distinct(StringComparer.Ordinal).Count());
    }

    private static async Task Embedding_MakesVectorsOfPutsAndSearches(MemoryScene scene)
    {
        var store = await scene.OpenAsync(new MemoryStoreOptions { Embedding = EmbedVowels }).ConfigureAwait(false);
        await PutAllAsync(
            store, Put("a", "banana"), Put("e", "pepper"), Put("o", "foo"), Put("blank", " "),
            Put("own", "banana") with { Vector = new float[] { 0, 0, 0, 0, 1 } },
            Put("unseen", "banana") with { Index = MemoryIndex.Text }).ConfigureAwait(false);

        SameList(
            ["a"], (await KeysAsync(store, new() { Text = "aaa", Ranking = MemoryRanking.Vector })
                .ConfigureAwait(false)).Take(1));
        SameList(
            ["own"], (await KeysAsync(store, new() { Text = "u", Ranking = MemoryRanking.Vector })
                .ConfigureAwait(false)).Take(1));
        SameList(
            ["a", "e", "o", "own"],
            await SortedKeysAsync(store, new() { Text = "x", Ranking = MemoryRanking.Vector }).ConfigureAwait(false));
        var both = await store.SearchAsync(new() { Text = "pepper" }).ConfigureAwait(false);
        Same("e", both[0].Entry.Key);
        Check(Math.Abs(both[0].Score - (2.0 / 61)) < 1e-9, "A search by a text is not hybrid where there is an embedding.");
    }

    private static async Task Embedding_OfABatch_IsAskedOnce(MemoryScene scene)
    {
        List<string[]> asked = [];
        var store = await scene.OpenAsync(new MemoryStoreOptions
        {
            Embedding = (texts, token) =>
            {
                asked.Add([.. texts]);
                return EmbedVowels(texts, token);
            },
        }).ConfigureAwait(false);

        await store.BatchAsync(
            [Put("a", "one"), new MemoryGet(Notes, "a"), Put("b", "two"), new MemorySearch { Text = "three" }])
                .ConfigureAwait(false);
        await store.SearchAsync(new() { Text = "four", Ranking = MemoryRanking.Text }).ConfigureAwait(false);
        await ThrowsAsync<ArgumentException>(
            () => store.BatchAsync([Put("a", "five"), Put("", "six")]).AsTask(), "A bad key").ConfigureAwait(false);

        Same(1, asked.Count);
        SameList(["one", "two", "three"], asked[0]);
    }

    private static async Task Embedding_ThatFails_WritesNothing(MemoryScene scene)
    {
        var store = await scene.OpenAsync(new MemoryStoreOptions
        {
            Embedding = static (texts, token) => texts[0] switch
            {
                "throw" => throw new TimeoutException("The model does not answer."),
                "few" => new([]),
                "empty" => new([Array.Empty<float>()]),
                _ => EmbedVowels(texts, token),
            },
        }).ConfigureAwait(false);
        await store.PutAsync(Put("a", "before")).ConfigureAwait(false);

        await ThrowsAsync<TimeoutException>(() => store.PutAsync(Put("a", "throw")).AsTask(), "A failing embedding")
            .ConfigureAwait(false);
        await ThrowsAsync<InvalidOperationException>(() => store.PutAsync(Put("a", "few")).AsTask(), "An embedding of nothing")
            .ConfigureAwait(false);
        await ThrowsAsync<InvalidOperationException>(() => store.PutAsync(Put("a", "empty")).AsTask(), "An empty vector")
            .ConfigureAwait(false);

        Same("before", (await store.GetAsync(Notes, "a").ConfigureAwait(false))!.Text);
    }

    private static async Task Embedding_ThatIsCancelled_WritesNothing(MemoryScene scene)
    {
        using var cancellation = new CancellationTokenSource();
        var store = await scene.OpenAsync(new MemoryStoreOptions
        {
            Embedding = async (texts, token) =>
            {
                await cancellation.CancelAsync().ConfigureAwait(false);
                token.ThrowIfCancellationRequested();
                return await EmbedVowels(texts, token).ConfigureAwait(false);
            },
        }).ConfigureAwait(false);

        await ThrowsAsync<OperationCanceledException>(
            () => store.BatchAsync([Put("a", "x"), new MemoryGet(Notes, "a")], cancellation.Token).AsTask(),
                "A cancelled embedding")
            .ConfigureAwait(false);

        Same(null, await store.GetAsync(Notes, "a").ConfigureAwait(false));
    }

    private static async Task Embedding_IsDeclaredWhenItIsThere(MemoryScene scene)
    {
        Same(false, (await scene.OpenAsync().ConfigureAwait(false)).Capabilities.Embeddings);
        Same(true, (await scene.OpenAsync(new() { Embedding = EmbedVowels }).ConfigureAwait(false)).Capabilities.Embeddings);
    }
}
