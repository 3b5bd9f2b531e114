using Pepper.Resources.Providers;
using static Pepper.Resources.Testing.MemoryScene;

namespace Pepper.Resources.Testing;

/// <summary>ETags, and writes that must be the first.</summary>
internal static class MemoryConditionTests
{
    internal static readonly MemoryTest[] All =
    [
        new(nameof(IfAbsent_OverNothing_Writes_OverAnEntry_Conflicts), IfAbsent_OverNothing_Writes_OverAnEntry_Conflicts),
        new(nameof(IfMatch_OfTheCurrentETag_Writes_OfAStaleOne_Conflicts), IfMatch_OfTheCurrentETag_Writes_OfAStaleOne_Conflicts),
        new(nameof(IfMatch_OverNothing_Conflicts), IfMatch_OverNothing_Conflicts),
        new(nameof(Delete_WithAStaleETag_KeepsTheEntry), Delete_WithAStaleETag_KeepsTheEntry),
        new(nameof(ETag_OfADeletedEntry_IsNotThatOfItsSuccessor), ETag_OfADeletedEntry_IsNotThatOfItsSuccessor),
        new(nameof(Expired_Entry_IsAbsentForConditions), Expired_Entry_IsAbsentForConditions),
        new(nameof(Conditions_ThatContradict_AreRefused), Conditions_ThatContradict_AreRefused),
        new(nameof(ETags_OfAnyCharacters_AreCompared_AsData), ETags_OfAnyCharacters_AreCompared_AsData),
    ];

    private static async Task IfAbsent_OverNothing_Writes_OverAnEntry_Conflicts(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);

        var etag = await store.PutAsync(Put("a", "first") with { IfAbsent = true }).ConfigureAwait(false);
        var conflict = await ThrowsAsync<MemoryConflictException>(
            () => store.PutAsync(Put("a", "second") with { IfAbsent = true }).AsTask(), "A second first write")
                .ConfigureAwait(false);

        Same((Notes, "a", null, 0), (conflict.Namespace, conflict.Key, conflict.ExpectedETag, conflict.Index));
        Check(conflict.ActualETag is null || conflict.ActualETag == etag, "The conflict names an ETag that is not the entry's.");
        Same("first", (await store.GetAsync(Notes, "a").ConfigureAwait(false))!.Text);
        await store.DeleteAsync(Notes, "a").ConfigureAwait(false);
        await store.PutAsync(Put("a", "third") with { IfAbsent = true }).ConfigureAwait(false);
        Same("third", (await store.GetAsync(Notes, "a").ConfigureAwait(false))!.Text);
    }

    private static async Task IfMatch_OfTheCurrentETag_Writes_OfAStaleOne_Conflicts(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);

        var first = await store.PutAsync(Put("a", "1")).ConfigureAwait(false);
        var second = await store.PutAsync(Put("a", "2") with { IfMatch = first }).ConfigureAwait(false);
        var conflict = await ThrowsAsync<MemoryConflictException>(
            () => store.PutAsync(Put("a", "3") with { IfMatch = first }).AsTask(), "A stale ETag").ConfigureAwait(false);

        Same(first, conflict.ExpectedETag);
        Check(conflict.ActualETag is null || conflict.ActualETag == second,
            "The conflict names an ETag that is not the entry's.");
        Check(conflict.Message.Contains("'a'", StringComparison.Ordinal), "The conflict does not name the key.");
        var entry = await store.GetAsync(Notes, "a").ConfigureAwait(false);
        Same(("2", second), (entry!.Text, entry.ETag));
    }

    private static async Task IfMatch_OverNothing_Conflicts(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);

        var conflict = await ThrowsAsync<MemoryConflictException>(
            () => store.PutAsync(Put("a", "1") with { IfMatch = "x" }).AsTask(), "An ETag of nothing").ConfigureAwait(false);

        Same(("x", null), (conflict.ExpectedETag, conflict.ActualETag));
        Same(null, await store.GetAsync(Notes, "a").ConfigureAwait(false));
        await ThrowsAsync<MemoryConflictException>(
            () => store.DeleteAsync(Notes, "a", "x").AsTask(), "A delete with an ETag of nothing").ConfigureAwait(false);
    }

    private static async Task Delete_WithAStaleETag_KeepsTheEntry(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        var first = await store.PutAsync(Put("a", "1")).ConfigureAwait(false);
        var second = await store.PutAsync(Put("a", "2")).ConfigureAwait(false);

        await ThrowsAsync<MemoryConflictException>(() => store.DeleteAsync(Notes, "a", first).AsTask(), "A stale delete")
            .ConfigureAwait(false);
        Same("2", (await store.GetAsync(Notes, "a").ConfigureAwait(false))?.Text);
        Same(true, await store.DeleteAsync(Notes, "a", second).ConfigureAwait(false));
        Same(null, await store.GetAsync(Notes, "a").ConfigureAwait(false));
    }

    private static async Task ETag_OfADeletedEntry_IsNotThatOfItsSuccessor(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        var first = await store.PutAsync(Put("a", "1")).ConfigureAwait(false);
        await store.DeleteAsync(Notes, "a").ConfigureAwait(false);
        await store.PutAsync(Put("a", "1")).ConfigureAwait(false);

        await ThrowsAsync<MemoryConflictException>(
            () => store.PutAsync(Put("a", "2") with { IfMatch = first }).AsTask(), "The ETag of what was deleted")
            .ConfigureAwait(false);
    }

    private static async Task Expired_Entry_IsAbsentForConditions(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        var etag = await store.PutAsync(Put("a", "1") with { TimeToLive = TimeSpan.FromSeconds(1) }).ConfigureAwait(false);
        var created = (await store.GetAsync(Notes, "a").ConfigureAwait(false))!.CreatedAt;
        scene.Time.Advance(TimeSpan.FromSeconds(2));

        await ThrowsAsync<MemoryConflictException>(
            () => store.PutAsync(Put("a", "2") with { IfMatch = etag }).AsTask(), "The ETag of what has expired")
            .ConfigureAwait(false);
        await ThrowsAsync<MemoryConflictException>(() => store.DeleteAsync(Notes, "a", etag).AsTask(), "A delete of it")
            .ConfigureAwait(false);
        await store.PutAsync(Put("a", "3") with { IfAbsent = true }).ConfigureAwait(false);

        var entry = await store.GetAsync(Notes, "a").ConfigureAwait(false);
        Same(("3", null), (entry!.Text, entry.ExpiresAt));
        Check(entry.CreatedAt > created, "An entry in place of an expired one says that it was made before.");
    }

    private static async Task Conditions_ThatContradict_AreRefused(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        await ThrowsAsync<ArgumentException>(
            () => store.PutAsync(Put("a") with { IfAbsent = true, IfMatch = "x" }).AsTask(), "IfAbsent and IfMatch")
            .ConfigureAwait(false);
        Same(null, await store.GetAsync(Notes, "a").ConfigureAwait(false));
    }

    private static async Task ETags_OfAnyCharacters_AreCompared_AsData(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        var etag = await store.PutAsync(Put("a", "1")).ConfigureAwait(false);
        string[] others = ["", "*", "%", "' OR '1'='1", etag + " ", " " + etag, etag.ToUpperInvariant() + "x",
            "\"" + etag + "\""];
        foreach (var other in others)
        {
            await ThrowsAsync<MemoryConflictException>(
                () => store.PutAsync(Put("a", "2") with { IfMatch = other }).AsTask(), $"The ETag '{other}'")
                    .ConfigureAwait(false);
            await ThrowsAsync<MemoryConflictException>(
                () => store.DeleteAsync(Notes, "a", other).AsTask(), $"The ETag '{other}'").ConfigureAwait(false);
        }

        Same("1", (await store.GetAsync(Notes, "a").ConfigureAwait(false))?.Text);
    }
}
