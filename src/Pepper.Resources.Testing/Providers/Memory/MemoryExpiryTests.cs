using Pepper.Resources.Providers;
using static Pepper.Resources.Testing.MemoryScene;

namespace Pepper.Resources.Testing;

/// <summary>Times to live.</summary>
internal static class MemoryExpiryTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    internal static readonly MemoryTest[] All =
    [
        new(nameof(Expired_Entry_IsOnNoReadingPath), Expired_Entry_IsOnNoReadingPath),
        new(nameof(TimeToLive_EndsAtItsTime_NotBefore), TimeToLive_EndsAtItsTime_NotBefore),
        new(nameof(TimeToLive_OfTheOptions_HoldsForPutsThatSayNothing), TimeToLive_OfTheOptions_HoldsForPutsThatSayNothing),
        new(nameof(Put_Again_SetsTheTimeToLiveAnew), Put_Again_SetsTheTimeToLiveAnew),
        new(nameof(Get_Refreshing_ProlongsWhatIsLive_KeepsTheETag), Get_Refreshing_ProlongsWhatIsLive_KeepsTheETag),
        new(nameof(Get_Refreshing_RevivesNothing), Get_Refreshing_RevivesNothing),
        new(nameof(TimeToLive_ThatIsNone_IsRefused), TimeToLive_ThatIsNone_IsRefused),
        new(nameof(RemoveExpired_CountsWhatItRemoves_KeepsTheRest), RemoveExpired_CountsWhatItRemoves_KeepsTheRest),
        new(nameof(Delete_OfWhatHasExpired_SaysThatThereWasNothing), Delete_OfWhatHasExpired_SaysThatThereWasNothing),
        new(nameof(Sweep_OnAWrite_RemovesNothingLive), Sweep_OnAWrite_RemovesNothingLive),
    ];

    private static async Task Expired_Entry_IsOnNoReadingPath(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        float[] vector = [1, 0];
        await store.PutAsync(PutIn(new("gone"), "a", "kettle", ("x", 1)) with { TimeToLive = Minute, Vector = vector })
            .ConfigureAwait(false);
        await store.PutAsync(PutIn(new("stays"), "b", "kettle", ("x", 1)) with { Vector = vector }).ConfigureAwait(false);
        MemorySearch[] searches =
        [
            new(), new() { Text = "kettle" }, new() { Vector = vector }, new() { Text = "kettle", Vector = vector },
            new() { Filters = [MemoryFilter.Equal("x", 1)] },
        ];
        foreach (var search in searches)
        {
            SameList(["a", "b"], await SortedKeysAsync(store, search).ConfigureAwait(false), $"Before: {search}");
        }

        scene.Time.Advance(Minute);

        foreach (var search in searches)
        {
            SameList(["b"], await SortedKeysAsync(store, search).ConfigureAwait(false), $"After: {search}");
        }

        Same(null, await store.GetAsync(new("gone"), "a").ConfigureAwait(false));
        SameList(["stays"], await NamespacesAsync(store).ConfigureAwait(false));
        var batch = await store.BatchAsync([new MemoryGet(new("gone"), "a"), new MemorySearch()]).ConfigureAwait(false);
        Same(null, batch[0].Entry);
        Same(1, batch[1].Matches.Count);
        Same(0, await store.DeleteNamespaceAsync(new("gone")).ConfigureAwait(false));
    }

    private static async Task TimeToLive_EndsAtItsTime_NotBefore(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        await store.PutAsync(Put("a") with { TimeToLive = Minute }).ConfigureAwait(false);
        var granularity = store.Capabilities.TimeToLiveGranularity;
        var entry = await store.GetAsync(Notes, "a").ConfigureAwait(false);
        Check(((entry!.ExpiresAt - entry.UpdatedAt) - Minute)!.Value.Duration() <= granularity,
            "ExpiresAt is not after a minute.");

        scene.Time.Advance(Minute - granularity - TimeSpan.FromTicks(1));
        Check(await store.GetAsync(Notes, "a").ConfigureAwait(false) is not null, "The entry expired before its time.");
        scene.Time.Advance(granularity + TimeSpan.FromTicks(1));
        Same(null, await store.GetAsync(Notes, "a").ConfigureAwait(false));
    }

    private static async Task TimeToLive_OfTheOptions_HoldsForPutsThatSayNothing(MemoryScene scene)
    {
        var store = await scene.OpenAsync(new MemoryStoreOptions { DefaultTimeToLive = Minute }).ConfigureAwait(false);
        await PutAllAsync(
            store, Put("default"), Put("longer") with { TimeToLive = Minute * 3 },
            Put("ever") with { TimeToLive = Timeout.InfiniteTimeSpan }).ConfigureAwait(false);

        SameList(["default", "ever", "longer"], await KeysAsync(store, new()).ConfigureAwait(false));
        scene.Time.Advance(Minute);
        SameList(["ever", "longer"], await KeysAsync(store, new()).ConfigureAwait(false));
        scene.Time.Advance(Minute * 2);
        SameList(["ever"], await KeysAsync(store, new()).ConfigureAwait(false));
        Same(null, (await store.GetAsync(Notes, "ever").ConfigureAwait(false))!.ExpiresAt);
    }

    private static async Task Put_Again_SetsTheTimeToLiveAnew(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        await PutAllAsync(store, Put("a") with { TimeToLive = Minute }, Put("b") with { TimeToLive = Minute })
            .ConfigureAwait(false);
        await PutAllAsync(store, Put("a"), Put("b") with { TimeToLive = Minute * 2 }, Put("c"),
            Put("c") with { TimeToLive = Minute })
            .ConfigureAwait(false);

        scene.Time.Advance(Minute);
        SameList(["a", "b"], await KeysAsync(store, new()).ConfigureAwait(false));
        scene.Time.Advance(Minute);
        SameList(["a"], await KeysAsync(store, new()).ConfigureAwait(false));
    }

    private static async Task Get_Refreshing_ProlongsWhatIsLive_KeepsTheETag(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        var etag = await store.PutAsync(Put("a") with { TimeToLive = Minute }).ConfigureAwait(false);
        await store.PutAsync(Put("ever")).ConfigureAwait(false);

        for (var round = 0; round < 5; round++)
        {
            scene.Time.Advance(Minute / 2);
            var refreshed = await store.GetAsync(Notes, "a", refreshTimeToLive: true).ConfigureAwait(false);
            Same(etag, refreshed?.ETag);
            Check(refreshed!.ExpiresAt - scene.Time.GetUtcNow() > Minute / 2,
                "The entry that comes back is not the refreshed one.");
        }

        Same(null, (await store.GetAsync(Notes, "ever", refreshTimeToLive: true).ConfigureAwait(false))!.ExpiresAt);
        scene.Time.Advance(Minute / 2);
        Check(await store.GetAsync(Notes, "a").ConfigureAwait(false) is not null, "A get without refreshing finds nothing.");
        scene.Time.Advance(Minute / 2);
        Same(null, await store.GetAsync(Notes, "a").ConfigureAwait(false));
    }

    private static async Task Get_Refreshing_RevivesNothing(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        await store.PutAsync(Put("a") with { TimeToLive = Minute }).ConfigureAwait(false);
        scene.Time.Advance(Minute);

        Same(null, await store.GetAsync(Notes, "a", refreshTimeToLive: true).ConfigureAwait(false));
        Same(null, await store.GetAsync(Notes, "a").ConfigureAwait(false));
    }

    private static async Task TimeToLive_ThatIsNone_IsRefused(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        foreach (var time in new[] { TimeSpan.Zero, TimeSpan.FromTicks(-1), TimeSpan.MinValue, TimeSpan.MaxValue })
        {
            await ThrowsAsync<ArgumentException>(
                () => store.PutAsync(Put("a") with { TimeToLive = time }).AsTask(), $"A time to live of {time}")
                    .ConfigureAwait(false);
            await ThrowsAsync<ArgumentException>(
                () => scene.OpenAsync(new MemoryStoreOptions { DefaultTimeToLive = time }), $"A default of {time}")
                .ConfigureAwait(false);
        }

        SameList([], await KeysAsync(store, new()).ConfigureAwait(false));
    }

    private static async Task RemoveExpired_CountsWhatItRemoves_KeepsTheRest(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        await PutAllAsync(store, Enumerable.Range(0, 10).Select(static number =>
            Put($"{number}", "kettle") with { TimeToLive = number < 6 ? Minute : Minute * 2 })).ConfigureAwait(false);

        Same(0, await store.RemoveExpiredAsync().ConfigureAwait(false));
        scene.Time.Advance(Minute);
        Same(6, await store.RemoveExpiredAsync().ConfigureAwait(false));
        Same(0, await store.RemoveExpiredAsync().ConfigureAwait(false));
        SameList(["6", "7", "8", "9"], await SortedKeysAsync(store, new() { Text = "kettle" }).ConfigureAwait(false));
    }

    private static async Task Delete_OfWhatHasExpired_SaysThatThereWasNothing(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        await PutAllAsync(store, Put("a") with { TimeToLive = Minute }, Put("b") with { TimeToLive = Minute }, Put("c"))
            .ConfigureAwait(false);
        scene.Time.Advance(Minute);

        Same(false, await store.DeleteAsync(Notes, "a").ConfigureAwait(false));
        Same(1, await store.DeleteNamespaceAsync(Notes).ConfigureAwait(false));
    }

    private static async Task Sweep_OnAWrite_RemovesNothingLive(MemoryScene scene)
    {
        var store = await scene.OpenAsync(new MemoryStoreOptions { SweepInterval = Minute }).ConfigureAwait(false);
        await PutAllAsync(
            store, Put("a", "kettle") with { TimeToLive = Minute }, Put("b", "kettle") with { TimeToLive = Minute * 9 },
            Put("c", "kettle")).ConfigureAwait(false);
        scene.Time.Advance(Minute * 2);

        await store.PutAsync(Put("d", "kettle")).ConfigureAwait(false);

        SameList(["b", "c", "d"], await SortedKeysAsync(store, new() { Text = "kettle" }).ConfigureAwait(false));
        Same(0, await store.RemoveExpiredAsync().ConfigureAwait(false));
    }
}
