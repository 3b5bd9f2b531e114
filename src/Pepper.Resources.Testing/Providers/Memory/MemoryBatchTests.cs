using Pepper.Resources.Providers;
using static Pepper.Resources.Testing.MemoryScene;

namespace Pepper.Resources.Testing;

/// <summary>Batches.</summary>
internal static class MemoryBatchTests
{
    internal static readonly MemoryTest[] All =
    [
        new(nameof(Batch_GivesResultsInOrder), Batch_GivesResultsInOrder),
        new(nameof(Batch_Operations_SeeThoseBefore), Batch_Operations_SeeThoseBefore),
        new(nameof(Batch_OfNothing_DoesNothing), Batch_OfNothing_DoesNothing),
        new(nameof(Batch_ThatConflicts_NamesTheOperation_AndChangesNothing),
            Batch_ThatConflicts_NamesTheOperation_AndChangesNothing),
        new(nameof(Batch_WithAFault_ChangesNothing), Batch_WithAFault_ChangesNothing),
        new(nameof(Batch_AtItsLimit_IsDone_BeyondItRefused), Batch_AtItsLimit_IsDone_BeyondItRefused),
        new(nameof(Batch_ConditionsOnItsOwnWrites_Hold), Batch_ConditionsOnItsOwnWrites_Hold),
    ];

    private static async Task Batch_GivesResultsInOrder(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        await PutAllAsync(store, Put("x", "one"), Put("y", "two")).ConfigureAwait(false);

        var results = await store.BatchAsync(
        [
            new MemoryGet(Notes, "y"), Put("z", "three"), new MemoryGet(Notes, "missing"), new MemoryDelete(Notes, "x"),
            new MemoryDelete(Notes, "missing"), new MemorySearch { Text = "three" }, new MemoryGet(Notes, "z"),
        ]).ConfigureAwait(false);

        Same(7, results.Count);
        Same("two", results[0].Entry?.Text);
        Check(results[1].ETag is { Length: > 0 }, "A put of a batch has no ETag.");
        Same(null, results[2].Entry);
        Same(true, results[3].Deleted);
        Same(false, results[4].Deleted);
        SameList(["z"], results[5].Matches.Select(static match => match.Entry.Key));
        Same((results[1].ETag, "three"), (results[6].Entry?.ETag, results[6].Entry?.Text));
    }

    private static async Task Batch_Operations_SeeThoseBefore(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);

        var results = await store.BatchAsync(
        [
            new MemoryGet(Notes, "a"), Put("a", "one"), new MemoryGet(Notes, "a"), Put("a", "two"), new MemoryGet(Notes, "a"),
            new MemorySearch { Text = "one" }, new MemorySearch { Text = "two" }, new MemoryDelete(Notes, "a"),
            new MemoryGet(Notes, "a"), new MemorySearch { Text = "two" }, Put("a", "three"),
        ]).ConfigureAwait(false);

        Same(null, results[0].Entry);
        Same("one", results[2].Entry?.Text);
        Same("two", results[4].Entry?.Text);
        Same(0, results[5].Matches.Count);
        Same(1, results[6].Matches.Count);
        Same(true, results[7].Deleted);
        Same(null, results[8].Entry);
        Same(0, results[9].Matches.Count);
        Same("three", (await store.GetAsync(Notes, "a").ConfigureAwait(false))?.Text);
    }

    private static async Task Batch_OfNothing_DoesNothing(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        Same(0, (await store.BatchAsync([]).ConfigureAwait(false)).Count);
    }

    private static async Task Batch_ThatConflicts_NamesTheOperation_AndChangesNothing(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        if (!store.Capabilities.AtomicBatches)
        {
            return;
        }

        float[] vector = [1, 0];
        var etag = await store.PutAsync(Put("old", "kettle", ("x", 1)) with { Vector = vector }).ConfigureAwait(false);
        await store.PutAsync(Put("deleted", "stove")).ConfigureAwait(false);

        var conflict = await ThrowsAsync<MemoryConflictException>(
            () => store.BatchAsync(
            [
                Put("new", "kettle"), Put("old", "changed", ("x", 2)), new MemoryDelete(Notes, "deleted"),
                Put("old", "again") with { IfMatch = etag }, Put("after", "kettle"),
            ]).AsTask(), "A batch whose fourth operation conflicts").ConfigureAwait(false);

        Same(3, conflict.Index);
        var old = await store.GetAsync(Notes, "old").ConfigureAwait(false);
        Same(("kettle", etag, (MemoryField)1), (old!.Text, old.ETag, old.Metadata["x"]));
        SameList(["deleted", "old"], await KeysAsync(store, new()).ConfigureAwait(false));
        SameList(["old"], await KeysAsync(store, new() { Text = "kettle changed again" }).ConfigureAwait(false));
        SameList(["deleted"], await KeysAsync(store, new() { Text = "stove" }).ConfigureAwait(false));
        SameList(["old"], await KeysAsync(store, new() { Vector = vector }).ConfigureAwait(false));
    }

    private static async Task Batch_WithAFault_ChangesNothing(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        await ThrowsAsync<ArgumentException>(
            () => store.BatchAsync([Put("a"), Put("b") with { TimeToLive = TimeSpan.Zero }]).AsTask(), "A faulty put")
            .ConfigureAwait(false);
        await ThrowsAsync<ArgumentException>(
            () => store.BatchAsync([Put("a"), new MemorySearch { Limit = -1 }]).AsTask(), "A faulty search")
                .ConfigureAwait(false);
        await ThrowsAsync<ArgumentException>(() => store.BatchAsync([Put("a"), null!]).AsTask(), "A null").ConfigureAwait(false);
        SameList([], await KeysAsync(store, new()).ConfigureAwait(false));
    }

    private static async Task Batch_AtItsLimit_IsDone_BeyondItRefused(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        var most = store.Capabilities.MaxBatch;
        MemoryOperation[] operations = [.. Enumerable.Range(0, most).Select(static number =>
            Put($"{number:0000}", $"kettle {number}"))];

        await ThrowsAsync<ArgumentException>(
            () => store.BatchAsync([.. operations, Put("one more")]).AsTask(), "One operation too many").ConfigureAwait(false);
        SameList([], await KeysAsync(store, new()).ConfigureAwait(false));
        var results = await store.BatchAsync(operations).ConfigureAwait(false);

        Same(most, results.Select(static result => result.ETag).Distinct(StringComparer.Ordinal).Count());
        Same(Math.Min(most, 1000), (await KeysAsync(store, new() { Text = "kettle", Limit = 1000 })
            .ConfigureAwait(false)).Length);
        SameList(["0007"], await KeysAsync(store, new() { Text = "7" }).ConfigureAwait(false));
    }

    private static async Task Batch_ConditionsOnItsOwnWrites_Hold(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        var etag = await store.PutAsync(Put("a")).ConfigureAwait(false);

        await store.BatchAsync(
            [new MemoryDelete(Notes, "a") { IfMatch = etag }, Put("a", "new") with { IfAbsent = true }]).ConfigureAwait(false);
        Same("new", (await store.GetAsync(Notes, "a").ConfigureAwait(false))?.Text);

        var conflict = await ThrowsAsync<MemoryConflictException>(
            () => store.BatchAsync([Put("b") with { IfAbsent = true }, Put("b") with { IfAbsent = true }]).AsTask(),
            "Two first writes in one batch").ConfigureAwait(false);
        Same(1, conflict.Index);
    }
}
