using Pepper.Resources.Providers;
using static Pepper.Resources.Testing.MemoryScene;

namespace Pepper.Resources.Testing;

/// <summary>Put, get and delete, without conditions and times.</summary>
internal static class MemoryEntryTests
{
    internal static readonly MemoryTest[] All =
    [
        new(nameof(Get_OfNothing_IsNull), Get_OfNothing_IsNull),
        new(nameof(Put_ThenGet_GivesEverythingBack), Put_ThenGet_GivesEverythingBack),
        new(nameof(Put_Again_ReplacesAllButTheCreation), Put_Again_ReplacesAllButTheCreation),
        new(nameof(Put_OfTheSame_ChangesTheETag), Put_OfTheSame_ChangesTheETag),
        new(nameof(Put_OfAMetadataDictionaryThatChangesLater_KeepsWhatWasGiven),
            Put_OfAMetadataDictionaryThatChangesLater_KeepsWhatWasGiven),
        new(nameof(Put_ExtremesOfNumbers_AreExact), Put_ExtremesOfNumbers_AreExact),
        new(nameof(Put_TextsAtTheLimit_AreKept_BeyondItRefused), Put_TextsAtTheLimit_AreKept_BeyondItRefused),
        new(nameof(Delete_TellsWhetherThereWasAnEntry), Delete_TellsWhetherThereWasAnEntry),
        new(nameof(Cancelled_EachOperation_ThrowsAndChangesNothing), Cancelled_EachOperation_ThrowsAndChangesNothing),
        new(nameof(Reopened_PersistentStore_HasEverything), Reopened_PersistentStore_HasEverything),
    ];

    private static async Task Get_OfNothing_IsNull(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);

        Same(null, await store.GetAsync(Notes, "a").ConfigureAwait(false));
        await store.PutAsync(Put("a")).ConfigureAwait(false);
        Same(null, await store.GetAsync(Notes, "b").ConfigureAwait(false));
        Same(null, await store.GetAsync(Notes.Append("below"), "a").ConfigureAwait(false));
    }

    private static async Task Put_ThenGet_GivesEverythingBack(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);

        var etag = await store.PutAsync(
            Put("a", "Tea is at four.", ("who", "ada"), ("year", 1843), ("done", true), ("open", false), ("empty", "")))
            .ConfigureAwait(false);
        var entry = await store.GetAsync(Notes, "a").ConfigureAwait(false);

        Check(entry is not null, "What was put is not there.");
        Same(Notes, entry!.Namespace);
        Same("a", entry.Key);
        Same("Tea is at four.", entry.Text);
        Same(etag, entry.ETag);
        Check(etag.Length > 0, "The ETag is empty.");
        Same(5, entry.Metadata.Count);
        Same("ada", entry.Metadata["who"]);
        Same(1843, entry.Metadata["year"]);
        Same(true, entry.Metadata["done"]);
        Same(false, entry.Metadata["open"]);
        Same("", entry.Metadata["empty"]);
        Check((entry.CreatedAt - scene.Time.GetUtcNow()).Duration() < TimeSpan.FromMilliseconds(2), "CreatedAt is not now.");
        Same(entry.CreatedAt, entry.UpdatedAt);
        Same(null, entry.ExpiresAt);
    }

    private static async Task Put_Again_ReplacesAllButTheCreation(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);

        await store.PutAsync(Put("a", "old", ("x", 1))).ConfigureAwait(false);
        var first = await store.GetAsync(Notes, "a").ConfigureAwait(false);
        scene.Time.Advance(TimeSpan.FromSeconds(5));
        await store.PutAsync(Put("a", "new", ("y", 2))).ConfigureAwait(false);
        var second = await store.GetAsync(Notes, "a").ConfigureAwait(false);

        Same("new", second!.Text);
        SameList(["y"], second.Metadata.Keys);
        Same(first!.CreatedAt, second.CreatedAt);
        Same(TimeSpan.FromSeconds(5), second.UpdatedAt - first.UpdatedAt);
    }

    private static async Task Put_OfTheSame_ChangesTheETag(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        HashSet<string> etags = new(StringComparer.Ordinal);
        for (var round = 0; round < 20; round++)
        {
            Check(etags.Add(await store.PutAsync(Put("a", "same")).ConfigureAwait(false)), "Two writes have one ETag.");
            Check(etags.Add(await store.PutAsync(Put("b", "same")).ConfigureAwait(false)), "Two entries have one ETag.");
        }

        Check(etags.Contains((await store.GetAsync(Notes, "a").ConfigureAwait(false))!.ETag), "The entry has another ETag.");
    }

    private static async Task Put_OfAMetadataDictionaryThatChangesLater_KeepsWhatWasGiven(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        Dictionary<string, MemoryField> metadata = new(StringComparer.Ordinal) { ["x"] = 1 };
        await store.PutAsync(new MemoryPut(Notes, "a", "") { Metadata = metadata }).ConfigureAwait(false);

        metadata["x"] = 2;
        metadata["y"] = 3;

        var entry = await store.GetAsync(Notes, "a").ConfigureAwait(false);
        SameList(["x"], entry!.Metadata.Keys);
        Same(1, entry.Metadata["x"]);
    }

    private static async Task Put_ExtremesOfNumbers_AreExact(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        double[] numbers =
            [double.MaxValue, double.MinValue, double.Epsilon, 0.1, -0.0, 1e-300, 9_007_199_254_740_992, Math.PI, 1e21];
        await store.PutAsync(new MemoryPut(Notes, "a", "")
        {
            Metadata = numbers.Select(static (number, index) => (Key: $"n{index}", Value: MemoryField.FromNumber(number)))
                .ToDictionary(static one => one.Key, static one => one.Value, StringComparer.Ordinal),
        }).ConfigureAwait(false);

        var entry = await store.GetAsync(Notes, "a").ConfigureAwait(false);

        SameList(numbers, numbers.Select((_, index) => entry!.Metadata[$"n{index}"].AsNumber()));
        for (var index = 0; index < numbers.Length; index++)
        {
            var filter = MemoryFilter.Equal($"n{index}", numbers[index]);
            SameList(["a"], await KeysAsync(store, new MemorySearch { Filters = [filter] })
                .ConfigureAwait(false), filter.ToString());
        }
    }

    private static async Task Put_TextsAtTheLimit_AreKept_BeyondItRefused(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        var most = store.Capabilities.MaxTextLength;
        string[] texts =
        [
            new string('x', most),
            string.Concat(Enumerable.Range(0, most).Select(static index => (char)(0x4E00 + (index % 20_000)))),
            string.Concat(Enumerable.Range(0, most / 2).Select(static index => index % 2 == 0 ? "a " : "b ")),
            "",
        ];
        foreach (var text in texts)
        {
            await store.PutAsync(Put("a", text)).ConfigureAwait(false);
            Check((await store.GetAsync(Notes, "a").ConfigureAwait(false))!.Text == text, "A text at the limit was changed.");
        }

        await ThrowsAsync<ArgumentException>(
            () => store.PutAsync(Put("a", new string('x', most + 1))).AsTask(), "A text beyond the limit").ConfigureAwait(false);
        Same("", (await store.GetAsync(Notes, "a").ConfigureAwait(false))!.Text);
    }

    private static async Task Delete_TellsWhetherThereWasAnEntry(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        await PutAllAsync(store, Put("a", "one"), Put("b", "two")).ConfigureAwait(false);

        Same(true, await store.DeleteAsync(Notes, "a").ConfigureAwait(false));
        Same(false, await store.DeleteAsync(Notes, "a").ConfigureAwait(false));
        Same(false, await store.DeleteAsync(Notes, "never").ConfigureAwait(false));
        Same(null, await store.GetAsync(Notes, "a").ConfigureAwait(false));
        SameList(["b"], await KeysAsync(store, new MemorySearch()).ConfigureAwait(false));
    }

    private static async Task Cancelled_EachOperation_ThrowsAndChangesNothing(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        await store.PutAsync(Put("a", "one")).ConfigureAwait(false);
        var token = new CancellationToken(canceled: true);

        await ThrowsAsync<OperationCanceledException>(() => store.GetAsync(Notes, "a", false, token).AsTask(), "Get")
            .ConfigureAwait(false);
        await ThrowsAsync<OperationCanceledException>(() => store.PutAsync(Put("a", "two"), token).AsTask(), "Put")
            .ConfigureAwait(false);
        await ThrowsAsync<OperationCanceledException>(() => store.DeleteAsync(Notes, "a", null, token).AsTask(), "Delete")
            .ConfigureAwait(false);
        await ThrowsAsync<OperationCanceledException>(
            () => store.SearchAsync(new MemorySearch { Text = "one" }, token).AsTask(), "Search").ConfigureAwait(false);
        await ThrowsAsync<OperationCanceledException>(() => store.ListNamespacesAsync(null, token).AsTask(), "ListNamespaces")
            .ConfigureAwait(false);
        await ThrowsAsync<OperationCanceledException>(() => store.DeleteNamespaceAsync(Notes, token).AsTask(), "DeleteNamespace")
            .ConfigureAwait(false);
        await ThrowsAsync<OperationCanceledException>(() => store.RemoveExpiredAsync(token).AsTask(), "RemoveExpired")
            .ConfigureAwait(false);
        await ThrowsAsync<OperationCanceledException>(
            () => store.BatchAsync([new MemoryDelete(Notes, "a")], token).AsTask(), "Batch").ConfigureAwait(false);

        Same("one", (await store.GetAsync(Notes, "a").ConfigureAwait(false))?.Text);
    }

    private static async Task Reopened_PersistentStore_HasEverything(MemoryScene scene)
    {
        var first = await scene.OpenAsync().ConfigureAwait(false);
        if (!first.Capabilities.Persistent)
        {
            return;
        }

        await first.PutAsync(Put("a", "The kettle sings", ("n", 1.5)) with { Vector = new float[] { 3, 4 } })
            .ConfigureAwait(false);
        await first.PutAsync(Put("b", "short-lived") with { TimeToLive = TimeSpan.FromMinutes(1) }).ConfigureAwait(false);
        var before = await first.GetAsync(Notes, "a").ConfigureAwait(false);
        scene.Time.Advance(TimeSpan.FromMinutes(1));
        var second = await scene.OpenAsync().ConfigureAwait(false);

        var after = await second.GetAsync(Notes, "a").ConfigureAwait(false);
        Same((before!.Text, before.ETag, before.CreatedAt), (after!.Text, after.ETag, after.CreatedAt));
        Same(1.5, after.Metadata["n"]);
        Same(null, await second.GetAsync(Notes, "b").ConfigureAwait(false));
        SameList(["a"], await KeysAsync(second, new MemorySearch { Text = "kettle" }).ConfigureAwait(false));
        var near = await second.SearchAsync(new MemorySearch { Vector = new float[] { 4, 3 } }).ConfigureAwait(false);
        Check(near is [{ Entry.Key: "a", Score: > 0.959 and < 0.961 }],
            "The vector is another one after the store was reopened.");
        await ThrowsAsync<ArgumentException>(
            () => second.SearchAsync(new MemorySearch { Vector = new float[] { 1, 2, 3 } }).AsTask(),
                "Three elements where two are")
            .ConfigureAwait(false);
    }
}
