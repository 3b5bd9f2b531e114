using Pepper.Resources.Providers;

namespace Pepper.Resources.Testing;

/// <content>What is held of conditions.</content>
public sealed partial class StorageConformance
{
    /// <summary>Each write has an ETag of its own: also of the same content, and after a deletion.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public static Task ETagEachWriteIsAnother(ProviderFixture fixture) => UseAsync(fixture, async storage =>
    {
        HashSet<string> seen = [];
        foreach (var _ in Enumerable.Range(0, 5))
        {
            Expect.That(seen.Add((await storage.PutAsync("a", Bytes(3)).ConfigureAwait(false)).ETag), "a write has a new ETag");
            Expect.That(
                seen.Contains((await storage.StatAsync("a").ConfigureAwait(false))!.ETag), "a read has the ETag of the write");
        }

        await storage.DeleteAsync("a").ConfigureAwait(false);
        Expect.That(
            seen.Add((await storage.PutAsync("a", Bytes(3)).ConfigureAwait(false)).ETag),
            "a write after a deletion has a new ETag");
        Expect.That(seen.Add((await storage.PutAsync("b", Bytes(3)).ConfigureAwait(false)).ETag), "another key has another ETag");
    });

    /// <summary>The current ETag lets a write pass.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public static Task IfMatchCurrentWrites(ProviderFixture fixture) => UseAsync(fixture, async storage =>
    {
        var first = await storage.PutAsync("a", Bytes(1)).ConfigureAwait(false);
        var second = await storage.PutAsync("a", Bytes(2), new StoragePutOptions { IfMatch = first.ETag }).ConfigureAwait(false);
        Expect.Equal(second.ETag, (await storage.StatAsync("a").ConfigureAwait(false))?.ETag, "the ETag after the write");
        var (_, read) = await ReadAsync(storage, "a", new StorageGetOptions { IfMatch = second.ETag }).ConfigureAwait(false);
        Expect.Equal(2, read.Length, "the length of what a read with the current ETag gives");
        Expect.That(await storage.DeleteAsync("a", second.ETag).ConfigureAwait(false), "the current ETag lets a deletion pass");
    });

    /// <summary>A stale ETag is a conflict that says which is there, and changes nothing.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public static Task IfMatchStaleIsAConflict(ProviderFixture fixture) => UseAsync(fixture, async storage =>
    {
        var first = await storage.PutAsync("a", Bytes(1)).ConfigureAwait(false);
        var second = await storage.PutAsync("a", Bytes(2)).ConfigureAwait(false);
        var failure = await Expect.ThrowsAsync<StorageConflictException>(async () => await storage.PutAsync(
            "a", Bytes(3), new StoragePutOptions { IfMatch = first.ETag })
                .ConfigureAwait(false), "a write with a stale ETag").ConfigureAwait(false);
        Expect.Equal("a", failure.Key, "the key in the conflict");
        Expect.Equal(first.ETag, failure.ExpectedETag, "the expected ETag in the conflict");
        Expect.That(failure.ActualETag is null || failure.ActualETag == second.ETag, "the actual ETag is the one that is there");
        await Expect.ThrowsAsync<StorageConflictException>(
            async () => await storage.DeleteAsync("a", first.ETag)
                .ConfigureAwait(false), "a deletion with a stale ETag").ConfigureAwait(false);
        await Expect.ThrowsAsync<StorageConflictException>(async () => await storage.GetAsync(
            "a", new StorageGetOptions { IfMatch = first.ETag })
                .ConfigureAwait(false), "a read with a stale ETag").ConfigureAwait(false);
        Expect.Equal(second.ETag, (await storage.StatAsync("a").ConfigureAwait(false))?.ETag, "the ETag after all that");
    });

    /// <summary>An ETag where nothing is, is a conflict.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public static Task IfMatchMissingIsAConflict(ProviderFixture fixture) => UseAsync(fixture, async storage =>
    {
        var gone = await storage.PutAsync("a", Bytes(1)).ConfigureAwait(false);
        await storage.DeleteAsync("a").ConfigureAwait(false);
        await Expect.ThrowsAsync<StorageConflictException>(async () => await storage.PutAsync(
            "a", Bytes(3), new StoragePutOptions { IfMatch = gone.ETag })
                .ConfigureAwait(false), "a write over what is gone").ConfigureAwait(false);
        await Expect.ThrowsAsync<StorageConflictException>(
            async () => await storage.DeleteAsync("a", gone.ETag)
                .ConfigureAwait(false), "a deletion of what is gone").ConfigureAwait(false);
        await Expect.ThrowsAsync<StorageConflictException>(async () => await storage.PutAsync(
            "b", Bytes(3), new StoragePutOptions { IfMatch = "'; never" })
                .ConfigureAwait(false), "a write with an ETag that never was").ConfigureAwait(false);
        Expect.Equal(0, (await storage.ListAsync().ConfigureAwait(false)).Entries.Count, "the number of entries");
    });

    /// <summary>Where nothing is to be there, only the first write passes.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public static Task IfAbsentOnlyTheFirstWrites(ProviderFixture fixture) => UseAsync(fixture, async storage =>
    {
        var options = new StoragePutOptions { IfAbsent = true };
        var first = await storage.PutAsync("a", Bytes(1), options).ConfigureAwait(false);
        var failure = await Expect.ThrowsAsync<StorageConflictException>(
            async () => await storage.PutAsync("a", Bytes(2), options)
                .ConfigureAwait(false), "a second write where nothing is to be").ConfigureAwait(false);
        Expect.That(failure.ExpectedETag is null, "the conflict says that nothing was expected");
        Expect.Equal(first.ETag, (await storage.StatAsync("a").ConfigureAwait(false))?.ETag, "the ETag of the first");
        await storage.DeleteAsync("a").ConfigureAwait(false);
        await storage.PutAsync("a", Bytes(2), options).ConfigureAwait(false);
    });

    /// <summary>Conditions that exclude each other are refused.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public static Task IfAbsentWithIfMatchIsRefused(ProviderFixture fixture) => UseAsync(fixture, async storage =>
    {
        await Expect.ThrowsAsync<ArgumentException>(async () => await storage.PutAsync(
            "a", Bytes(1), new StoragePutOptions { IfAbsent = true, IfMatch = "x" })
                .ConfigureAwait(false), "conditions that exclude each other").ConfigureAwait(false);
    });

    /// <summary>A reader that has the version is told so.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public static Task IfNoneMatchCurrentLeavesTheContentOut(ProviderFixture fixture) => UseAsync(fixture, async storage =>
    {
        var first = await storage.PutAsync("a", Bytes(10)).ConfigureAwait(false);
        var same = Expect.NotNull(
            await storage.GetAsync("a", new StorageGetOptions { IfNoneMatch = first.ETag }).ConfigureAwait(false), "the entry");
        await using (same.ConfigureAwait(false))
        {
            Expect.That(
                same.IsNotModified && (await ReadToEndAsync(same.Content).ConfigureAwait(false)).Length == 0,
                "nothing is sent twice");
        }

        await storage.PutAsync("a", Bytes(11)).ConfigureAwait(false);
        var (_, read) = await ReadAsync(storage, "a", new StorageGetOptions { IfNoneMatch = first.ETag }).ConfigureAwait(false);
        Expect.Equal(11, read.Length, "the length of the new version");
    });

    /// <summary>Of two writers with one ETag exactly one wins, round after round; the other gets the conflict.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public Task TwoWritersOneETagExactlyOneWins(ProviderFixture fixture) => UseAsync(fixture, async storage =>
    {
        var current = await storage.PutAsync("a", Bytes(1)).ConfigureAwait(false);
        for (var round = 0; round < Rounds; round++)
        {
            var options = new StoragePutOptions { IfMatch = current.ETag };
            var results = await Task.WhenAll(Enumerable.Range(0, 2).Select(writer => Task.Run(async () =>
            {
                try
                {
                    return await storage.PutAsync("a", Bytes(writer + 1), options).ConfigureAwait(false);
                }
                catch (StorageConflictException)
                {
                    return null;
                }
            }))).ConfigureAwait(false);
            var winner = results.Where(static result => result is not null).ToList();
            Expect.Equal(1, winner.Count, $"the number of writers that won round {round}");
            current = winner[0]!;
            Expect.Equal(current.ETag, (await storage.StatAsync("a").ConfigureAwait(false))?.ETag, "the ETag of the winner");
        }
    });

    /// <summary>Of two who create one entry exactly one wins, round after round.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public Task TwoCreatorsExactlyOneWins(ProviderFixture fixture) => UseAsync(fixture, async storage =>
    {
        for (var round = 0; round < Rounds; round++)
        {
            var key = $"key-{round}";
            var wins = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => Task.Run(async () =>
            {
                try
                {
                    await storage.PutAsync(key, Bytes(1), new StoragePutOptions { IfAbsent = true }).ConfigureAwait(false);
                    return 1;
                }
                catch (StorageConflictException)
                {
                    return 0;
                }
            }))).ConfigureAwait(false);
            Expect.Equal(1, wins.Sum(), $"the number of creators that won round {round}");
        }
    });
}
