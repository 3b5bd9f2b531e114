using Pepper.Resources.Providers;

namespace Pepper.Resources.Testing;

/// <content>What is held of lists.</content>
public sealed partial class StorageConformance
{
    /// <summary>A prefix is taken to the letter: case counts, and no character stands for others.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public static Task ListPrefixIsToTheLetter(ProviderFixture fixture) => UseAsync(fixture, async storage =>
    {
        string[] keys = ["a", "a/1", "a/2", "ab", "A/1", "a%1", "a_1", "a*1", "b/1", "\u00e4/1"];
        foreach (var key in keys)
        {
            await storage.PutAsync(key, Bytes(1)).ConfigureAwait(false);
        }

        foreach (var prefix in (string[])["", "a", "a/", "A", "a%", "a_", "a*", "\u00e4", "c", "a/1", "a/11"])
        {
            Expect.Same(
                keys.Where(key => key.StartsWith(prefix, StringComparison.Ordinal)).Order(ByBytes.Instance),
                await ListAllAsync(storage, prefix, 100).ConfigureAwait(false), $"the keys that begin with '{prefix}'");
        }
    });

    /// <summary>Pages of any size give each entry once, in order.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public static Task ListPagesGiveEachOnce(ProviderFixture fixture) => UseAsync(fixture, async storage =>
    {
        foreach (var number in Enumerable.Range(0, 25))
        {
            await storage.PutAsync($"key-{number:00}", Bytes(1)).ConfigureAwait(false);
        }

        foreach (var size in (int[])[1, 2, 5, 24, 25, 26, 1000])
        {
            Expect.Same(
                Enumerable.Range(0, 25).Select(static number => $"key-{number:00}"),
                await ListAllAsync(storage, "key-", size).ConfigureAwait(false), $"the keys in pages of {size}");
        }
    });

    /// <summary>What stays is listed once, although others come and go between pages.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public static Task ListChangedBetweenPagesGivesTheRestOnce(ProviderFixture fixture) => UseAsync(fixture, async storage =>
    {
        foreach (var number in Enumerable.Range(0, 10))
        {
            await storage.PutAsync($"key-{number}", Bytes(1)).ConfigureAwait(false);
        }

        var first = await storage.ListAsync(new StorageListOptions { PageSize = 5 }).ConfigureAwait(false);
        await storage.DeleteAsync("key-4").ConfigureAwait(false);
        await storage.DeleteAsync("key-6").ConfigureAwait(false);
        await storage.PutAsync("a-new-one", Bytes(1)).ConfigureAwait(false);
        var second = await storage.ListAsync(
            new StorageListOptions { PageSize = 5, Continuation = first.Continuation }).ConfigureAwait(false);
        Expect.Same(["key-5", "key-7", "key-8", "key-9"], second.Entries.Select(static entry => entry.Key), "the second page");
    });

    /// <summary>An entry in a list is what is known of it elsewhere.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public static Task ListEntriesSayWhatStatSays(ProviderFixture fixture) => UseAsync(fixture, async storage =>
    {
        await storage.PutAsync("a", Bytes(12), Meta("name", "value")).ConfigureAwait(false);
        var known = Expect.NotNull(await storage.StatAsync("a").ConfigureAwait(false), "the entry");
        var listed = (await storage.ListAsync().ConfigureAwait(false)).Entries[0];
        Expect.Equal(known.ETag, listed.ETag, "the ETag");
        Expect.Equal(known.Size, listed.Size, "the size");
        Expect.Equal(known.ModifiedAt, listed.ModifiedAt, "the time of writing");
        Expect.Equal("value", listed.Metadata["name"], "the metadata");
    });

    /// <summary>A page size out of range and a continuation of nobody are refused.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public static Task ListBadOptionsAreRefused(ProviderFixture fixture) => UseAsync(fixture, async storage =>
    {
        foreach (var size in (int[])[0, -1, storage.Capabilities.MaxPageSize + 1])
        {
            await Expect.ThrowsAsync<ArgumentOutOfRangeException>(async () => await storage.ListAsync(
                new StorageListOptions { PageSize = size })
                    .ConfigureAwait(false), $"a page size of {size}").ConfigureAwait(false);
        }

        await Expect.ThrowsAsync<ArgumentException>(async () => await storage.ListAsync(
            new StorageListOptions { Continuation = "no such page!" })
                .ConfigureAwait(false), "a continuation of nobody").ConfigureAwait(false);
        await Expect.ThrowsAsync<ArgumentException>(async () => await storage.ListAsync(
            new StorageListOptions { Prefix = "\udc00" })
                .ConfigureAwait(false), "a prefix that is no text").ConfigureAwait(false);
    });

    /// <summary>A deletion by prefix deletes what begins so, to the letter, and counts it.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public static Task DeletePrefixDeletesThoseAlone(ProviderFixture fixture) => UseAsync(fixture, async storage =>
    {
        foreach (var key in (string[])["a/1", "a/2", "a%", "A/1", "b"])
        {
            await storage.PutAsync(key, Bytes(1)).ConfigureAwait(false);
        }

        var prefixes = StorageRules.Feature<IPrefixStorage>(storage);
        Expect.Equal(2, await prefixes.DeletePrefixAsync("a/").ConfigureAwait(false), "the number of deleted entries");
        Expect.Equal(0, await prefixes.DeletePrefixAsync("a/").ConfigureAwait(false), "the number that a second time finds");
        Expect.Equal(1, await prefixes.DeletePrefixAsync("a%").ConfigureAwait(false), "the number that begins with a%");
        Expect.Same(["A/1", "b"], await ListAllAsync(storage, string.Empty, 10).ConfigureAwait(false), "the keys that stay");
    });

    /// <summary>An empty prefix, which would mean everything, is refused.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public static Task DeletePrefixEmptyIsRefused(ProviderFixture fixture) => UseAsync(fixture, async storage =>
    {
        await storage.PutAsync("a", Bytes(1)).ConfigureAwait(false);
        await Expect.ThrowsAsync<ArgumentException>(async () =>
            await StorageRules.Feature<IPrefixStorage>(storage).DeletePrefixAsync(string.Empty)
                .ConfigureAwait(false), "an empty prefix").ConfigureAwait(false);
        Expect.That(await storage.ExistsAsync("a").ConfigureAwait(false), "nothing was deleted");
    });

    /// <summary>Without the capability there is no such feature.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public static Task DeletePrefixNotDeclaredIsNotOffered(ProviderFixture fixture) => UseAsync(fixture, async storage =>
    {
        Expect.That(storage.GetFeature(typeof(IPrefixStorage)) is null, "what is not declared is not offered");
        await Task.CompletedTask.ConfigureAwait(false);
    });
}
