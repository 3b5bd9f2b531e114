using System.Text;
using Pepper.Resources.Providers;

namespace Pepper.Resources.Testing;

/// <content>What is held of keys.</content>
public sealed partial class StorageConformance
{
    /// <summary>Whatever a key looks like, it is an entry of its own, or refused clearly; none reaches another.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public static Task KeysOfAnyKindAreEntriesOfTheirOwn(ProviderFixture fixture) => UseAsync(fixture, async storage =>
    {
        List<string> kept = [];
        foreach (var key in StorageConformanceKeys.Hostile)
        {
            try
            {
                await storage.PutAsync(key, Encoding.UTF8.GetBytes("content of " + key)).ConfigureAwait(false);
                kept.Add(key);
            }
            catch (StorageKeyException refused)
            {
                Expect.Equal(key, refused.Key, "the key in the refusal");
            }
        }

        foreach (var key in kept)
        {
            var (entry, read) = await ReadAsync(storage, key).ConfigureAwait(false);
            Expect.Equal(key, entry.Key, "the key that comes back");
            Expect.Equal("content of " + key, Encoding.UTF8.GetString(read), $"the content of '{key}'");
        }

        var listed = await ListAllAsync(storage, string.Empty, 7).ConfigureAwait(false);
        Expect.Same(kept.Order(ByBytes.Instance), listed, "the keys in the list");
        foreach (var key in kept)
        {
            Expect.That(await storage.DeleteAsync(key).ConfigureAwait(false), $"'{key}' is deleted");
        }

        Expect.Equal(0, (await storage.ListAsync().ConfigureAwait(false)).Entries.Count, "the number of entries in the end");
    });

    /// <summary>An empty key, half a surrogate pair and one that is too long are refused with the key in the message.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public static Task KeysThatAreNoneAreRefused(ProviderFixture fixture) => UseAsync(fixture, async storage =>
    {
        foreach (var key in (string[])[string.Empty, "a\ud800", new string('x', storage.Capabilities.MaxKeyBytes + 1)])
        {
            await Expect.ThrowsAsync<StorageKeyException>(
                async () => await storage.PutAsync(key, Bytes(1)).ConfigureAwait(false), "a write").ConfigureAwait(false);
            await Expect.ThrowsAsync<StorageKeyException>(async () => await storage.GetAsync(key)
                .ConfigureAwait(false), "a read").ConfigureAwait(false);
            await Expect.ThrowsAsync<StorageKeyException>(async () => await storage.DeleteAsync(key)
                .ConfigureAwait(false), "a deletion").ConfigureAwait(false);
        }

        await Expect.ThrowsAsync<ArgumentNullException>(async () => await storage.GetAsync(null!)
            .ConfigureAwait(false), "a read of null").ConfigureAwait(false);
    });

    /// <summary>A key of the greatest length is kept, and is not another that differs at its end alone.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public static Task KeysOfFullLengthAreKept(ProviderFixture fixture) => UseAsync(fixture, async storage =>
    {
        var length = storage.Capabilities.MaxKeyBytes;
        var one = new string('x', length - 1) + "1";
        var two = new string('x', length - 1) + "2";
        await storage.PutAsync(one, Bytes(1)).ConfigureAwait(false);
        await storage.PutAsync(two, Bytes(2)).ConfigureAwait(false);
        Expect.Equal(1, (await ReadAsync(storage, one).ConfigureAwait(false)).Content.Length, "the length of the first");
        Expect.Equal(2, (await ReadAsync(storage, two).ConfigureAwait(false)).Content.Length, "the length of the second");
        Expect.Same([one, two], await ListAllAsync(storage, "xxx", 1).ConfigureAwait(false), "the keys in the list");
    });
}
