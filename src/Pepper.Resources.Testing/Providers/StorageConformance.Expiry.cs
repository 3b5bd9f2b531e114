using Pepper.Resources.Providers;

namespace Pepper.Resources.Testing;

/// <content>What is held of times to live.</content>
public sealed partial class StorageConformance
{
    /// <summary>An entry is there until its time is over, and then in no respect.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public static Task TimeToLiveOverIsGone(ProviderFixture fixture) => UseAsync(fixture, async storage =>
    {
        var written = await storage.PutAsync("a", Bytes(1), Ttl(10)).ConfigureAwait(false);
        Expect.That(
            written.ExpiresAt - written.ModifiedAt >= TimeSpan.FromSeconds(10), "it expires no sooner than in 10 seconds");
        fixture.Time.Advance(TimeSpan.FromSeconds(9));
        Expect.That(await storage.ExistsAsync("a").ConfigureAwait(false), "it is there before its time is over");
        fixture.Time.Advance(TimeSpan.FromSeconds(1) + Granularity(storage));
        Expect.That(!await storage.ExistsAsync("a").ConfigureAwait(false), "it does not exist any more");
        Expect.That(await storage.GetAsync("a").ConfigureAwait(false) is null, "it is not read any more");
        Expect.That(await storage.StatAsync("a").ConfigureAwait(false) is null, "it is not known any more");
        Expect.Equal(0, (await storage.ListAsync().ConfigureAwait(false)).Entries.Count, "the number of entries");
        Expect.That(
            await StorageRules.Feature<IExpiringStorage>(storage).SetTimeToLiveAsync("a", null).ConfigureAwait(false) is null,
            "what is over gets no new time");
        Expect.That(!await storage.DeleteAsync("a").ConfigureAwait(false), "there is nothing to delete");
    });

    /// <summary>Who writes where nothing is to be may write over what has expired; its ETag is a conflict.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public static Task TimeToLiveOverIsAbsentForConditions(ProviderFixture fixture) => UseAsync(fixture, async storage =>
    {
        var old = await storage.PutAsync("a", Bytes(1), Ttl(10)).ConfigureAwait(false);
        fixture.Time.Advance(TimeSpan.FromSeconds(11));
        await Expect.ThrowsAsync<StorageConflictException>(async () => await storage.PutAsync(
            "a", Bytes(2), new StoragePutOptions { IfMatch = old.ETag })
                .ConfigureAwait(false), "the ETag of what has expired").ConfigureAwait(false);
        await Expect.ThrowsAsync<StorageConflictException>(
            async () => await storage.DeleteAsync("a", old.ETag)
                .ConfigureAwait(false), "a deletion with the ETag of what has expired").ConfigureAwait(false);
        await storage.PutAsync("a", Bytes(3), new StoragePutOptions { IfAbsent = true }).ConfigureAwait(false);
        Expect.Equal(3, (await ReadAsync(storage, "a").ConfigureAwait(false)).Content.Length, "the length of the new one");
    });

    /// <summary>A write without a time to live takes the old one away.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public static Task TimeToLiveNewWriteWithoutLivesForEver(ProviderFixture fixture) => UseAsync(fixture, async storage =>
    {
        await storage.PutAsync("a", Bytes(1), Ttl(10)).ConfigureAwait(false);
        await storage.PutAsync("a", Bytes(2)).ConfigureAwait(false);
        fixture.Time.Advance(TimeSpan.FromDays(1));
        Expect.That((await storage.StatAsync("a").ConfigureAwait(false)) is { ExpiresAt: null }, "it lives for ever");
    });

    /// <summary>A time to live can be set anew and taken away; the content stays, the ETag does not.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public static Task TimeToLiveSetCountsFromThen(ProviderFixture fixture) => UseAsync(fixture, async storage =>
    {
        var expiring = StorageRules.Feature<IExpiringStorage>(storage);
        var options = Meta("name", "value");
        options.TimeToLive = TimeSpan.FromSeconds(10);
        var first = await storage.PutAsync("a", Bytes(7), options).ConfigureAwait(false);
        fixture.Time.Advance(TimeSpan.FromSeconds(8));
        var second = Expect.NotNull(await expiring.SetTimeToLiveAsync("a", TimeSpan.FromSeconds(10))
            .ConfigureAwait(false), "the entry");
        Expect.That(second.ETag != first.ETag, "a new time to live is a new ETag");
        fixture.Time.Advance(TimeSpan.FromSeconds(8));
        var (entry, read) = await ReadAsync(storage, "a").ConfigureAwait(false);
        Expect.That(read.AsSpan().SequenceEqual(Bytes(7)), "the content stays");
        Expect.Equal("value", entry.Metadata.GetValueOrDefault("name"), "the metadata, which stays");
        await Expect.ThrowsAsync<StorageConflictException>(
            async () => await expiring.SetTimeToLiveAsync("a", null, first.ETag)
                .ConfigureAwait(false), "a stale ETag").ConfigureAwait(false);
        await expiring.SetTimeToLiveAsync("a", null, second.ETag).ConfigureAwait(false);
        fixture.Time.Advance(TimeSpan.FromDays(1));
        Expect.That(await storage.ExistsAsync("a").ConfigureAwait(false), "it lives for ever now");
        Expect.That(
            await expiring.SetTimeToLiveAsync("missing", null).ConfigureAwait(false) is null, "what is missing gets no time");
    });

    /// <summary>A time to live of zero or less is refused.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public static Task TimeToLiveNotPositiveIsRefused(ProviderFixture fixture) => UseAsync(fixture, async storage =>
    {
        var expiring = StorageRules.Feature<IExpiringStorage>(storage);
        await storage.PutAsync("b", Bytes(1)).ConfigureAwait(false);
        foreach (var seconds in (int[])[0, -1])
        {
            await Expect.ThrowsAsync<ArgumentOutOfRangeException>(
                async () => await storage.PutAsync("a", Bytes(1), Ttl(seconds))
                    .ConfigureAwait(false), $"{seconds} seconds").ConfigureAwait(false);
            await Expect.ThrowsAsync<ArgumentOutOfRangeException>(async () =>
                await expiring.SetTimeToLiveAsync("b", TimeSpan.FromSeconds(seconds))
                    .ConfigureAwait(false), $"{seconds} seconds").ConfigureAwait(false);
        }

        Expect.That(!await storage.ExistsAsync("a").ConfigureAwait(false), "nothing was written");
    });

    /// <summary>The longest time that there is does not overflow.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public static Task TimeToLiveLongestIsForEver(ProviderFixture fixture) => UseAsync(fixture, async storage =>
    {
        await storage.PutAsync("a", Bytes(1), new StoragePutOptions { TimeToLive = TimeSpan.MaxValue }).ConfigureAwait(false);
        fixture.Time.Advance(TimeSpan.FromDays(365));
        Expect.That(await storage.ExistsAsync("a").ConfigureAwait(false), "it is still there");
    });

    /// <summary>A purge gives back what has expired, and nothing else.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public static Task PurgeExpiredAreCounted(ProviderFixture fixture) => UseAsync(fixture, async storage =>
    {
        await storage.PutAsync("a", Bytes(1), Ttl(10)).ConfigureAwait(false);
        await storage.PutAsync("b", Bytes(1), Ttl(10)).ConfigureAwait(false);
        await storage.PutAsync("c", Bytes(1), Ttl(100)).ConfigureAwait(false);
        await storage.PutAsync("d", Bytes(1)).ConfigureAwait(false);
        fixture.Time.Advance(TimeSpan.FromSeconds(11));
        var expiring = StorageRules.Feature<IExpiringStorage>(storage);
        Expect.Equal(2, await expiring.PurgeExpiredAsync().ConfigureAwait(false), "the number of purged entries");
        Expect.Equal(0, await expiring.PurgeExpiredAsync().ConfigureAwait(false), "the number that a second time finds");
        Expect.Same(["c", "d"], await ListAllAsync(storage, string.Empty, 10).ConfigureAwait(false), "the keys that stay");
    });

    /// <summary>Without the capability a time to live is refused, and there is no such feature.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public static Task TimeToLiveNotDeclaredIsRefused(ProviderFixture fixture) => UseAsync(fixture, async storage =>
    {
        await Expect.ThrowsAsync<NotSupportedException>(
            async () => await storage.PutAsync("a", Bytes(1), Ttl(10))
                .ConfigureAwait(false), "a time to live").ConfigureAwait(false);
        Expect.That(!await storage.ExistsAsync("a").ConfigureAwait(false), "nothing was written");
        Expect.That(storage.GetFeature(typeof(IExpiringStorage)) is null, "what is not declared is not offered");
    });
}
