using Pepper.Resources.Providers;

namespace Pepper.Resources.Testing;

/// <content>Writes from streams, and writes beside readers and deleters.</content>
public sealed partial class StorageConformance
{
    private ConformanceTest[] StreamTests =>
    [
        Always(PutStreamHeedsItsOptions, "Put_Stream_HeedsItsOptions"),
        Always(PutStreamIsReadFromItsPositionAndLeftOpen, "Put_Stream_IsReadFromItsPositionAndLeftOpen"),
        With(ProviderCapabilities.TimeToLive, TimeToLiveOfAStreamOverIsGone, "TimeToLive_OfAStreamOver_IsGone"),
        Always(PutChangedAfterwardsStaysAsWritten, "Put_ChangedAfterwards_StaysAsWritten"),
        Always(PutTellsWhatStatSays, "Put_Tells_WhatStatSays"),
        Always(PutWhileReadIsOneVersionOrAnother, "Put_WhileRead_IsOneVersionOrAnother"),
        Always(GetRangeOfAnySizeGivesThatPart, "Get_RangeOfAnySize_GivesThatPart"),
        Always(TwoDeletersOneETagExactlyOneWins, "TwoDeleters_OneETag_ExactlyOneWins"),
    ];

    private static Task PutStreamHeedsItsOptions(ProviderFixture fixture) => UseAsync(fixture, async storage =>
    {
        var first = await PutStreamAsync(storage, 5, Meta("one", "1")).ConfigureAwait(false);
        Expect.Equal("1", first.Metadata.GetValueOrDefault("one"), "the metadata that a write from a stream tells");
        Expect.Equal(
            "1", (await storage.StatAsync("a").ConfigureAwait(false))?.Metadata.GetValueOrDefault("one"),
            "the metadata of what was written from a stream");
        await Expect.ThrowsAsync<StorageConflictException>(
            () => PutStreamAsync(storage, 6, new StoragePutOptions { IfAbsent = true }),
            "a stream where nothing is to be").ConfigureAwait(false);
        var second = await PutStreamAsync(storage, 7, new StoragePutOptions { IfMatch = first.ETag }).ConfigureAwait(false);
        await Expect.ThrowsAsync<StorageConflictException>(
            () => PutStreamAsync(storage, 8, new StoragePutOptions { IfMatch = first.ETag }),
            "a stream with a stale ETag").ConfigureAwait(false);
        var (entry, read) = await ReadAsync(storage, "a").ConfigureAwait(false);
        Expect.Equal(second.ETag, entry.ETag, "the ETag after that");
        Expect.Equal(7, read.Length, "the length after that");
    });

    private static Task TimeToLiveOfAStreamOverIsGone(ProviderFixture fixture) => UseAsync(fixture, async storage =>
    {
        var written = await PutStreamAsync(storage, 5, Ttl(10)).ConfigureAwait(false);
        Expect.That(written.ExpiresAt is not null, "what was written from a stream knows when it expires");
        fixture.Time.Advance(TimeSpan.FromSeconds(10) + Granularity(storage));
        Expect.That(!await storage.ExistsAsync("a").ConfigureAwait(false), "it does not exist any more");
    });

    private static Task PutStreamIsReadFromItsPositionAndLeftOpen(ProviderFixture fixture) => UseAsync(fixture, async storage =>
    {
        var content = Bytes(100_000);
        using var stream = new MemoryStream(content);
        stream.Position = 70_000;
        var written = await storage.PutAsync("a", stream).ConfigureAwait(false);
        Expect.That(stream.CanRead, "the stream is not disposed");
        Expect.Equal(30_000L, written.Size, "the size of what followed the stream's position");
        Expect.That(
            (await ReadAsync(storage, "a").ConfigureAwait(false)).Content.AsSpan().SequenceEqual(content.AsSpan(70_000)),
            "what followed the stream's position was written");
    });

    private static Task PutChangedAfterwardsStaysAsWritten(ProviderFixture fixture) => UseAsync(fixture, async storage =>
    {
        var content = Bytes(100);
        var metadata = new Dictionary<string, string> { ["name"] = "before" };
        var written = await storage.PutAsync("a", content, new StoragePutOptions { Metadata = metadata }).ConfigureAwait(false);
        Array.Clear(content);
        metadata["name"] = "after";
        var (entry, read) = await ReadAsync(storage, "a").ConfigureAwait(false);
        Expect.That(read.AsSpan().SequenceEqual(Bytes(100)), "the content is the one of the write, and not the caller's array");
        Expect.Equal("before", entry.Metadata.GetValueOrDefault("name"), "the metadata, which is not the caller's dictionary");
        Expect.Equal("before", written.Metadata.GetValueOrDefault("name"), "the metadata that the write told");
    });

    private static Task PutTellsWhatStatSays(ProviderFixture fixture) => UseAsync(fixture, async storage =>
    {
        var written = await storage.PutAsync("a", Bytes(12), Meta("name", "value")).ConfigureAwait(false);
        var known = Expect.NotNull(await storage.StatAsync("a").ConfigureAwait(false), "the entry");
        Expect.Equal(known.Key, written.Key, "the key that a write tells");
        Expect.Equal(known.Size, written.Size, "the size that a write tells");
        Expect.Equal(known.ETag, written.ETag, "the ETag that a write tells");
        Expect.Equal(known.ModifiedAt, written.ModifiedAt, "the time that a write tells");
        Expect.Equal("value", written.Metadata.GetValueOrDefault("name"), "the metadata that a write tells");
    });

    private static Task GetRangeOfAnySizeGivesThatPart(ProviderFixture fixture) => UseAsync(fixture, async storage =>
    {
        var content = Bytes((int)Math.Min(200_003, storage.Capabilities.MaxContentBytes));
        await storage.PutAsync("large", content).ConfigureAwait(false);
        await storage.PutAsync("empty", ReadOnlyMemory<byte>.Empty).ConfigureAwait(false);
        foreach (var range in (StorageRange[])[
            StorageRange.From(0, 1), StorageRange.From(65_535, 3), StorageRange.From(70_000, 100_000), StorageRange.From(200_002),
            StorageRange.Last(65_537), StorageRange.From(long.MaxValue, long.MaxValue), StorageRange.Last(long.MaxValue)])
        {
            var options = new StorageGetOptions { Range = range };
            var (offset, length) = range.Within(content.Length);
            Expect.That(
                (await ReadAsync(storage, "large", options).ConfigureAwait(false)).Content.AsSpan()
                    .SequenceEqual(content.AsSpan((int)offset, (int)length)), $"{range} gives {length} bytes from {offset} on");
            Expect.Equal(
                0, (await ReadAsync(storage, "empty", options).ConfigureAwait(false)).Content.Length,
                $"the length of {range} of an empty content");
        }
    });

    /// <summary>A write replaces at once: a reader finds one whole version or another, and never nothing.</summary>
    private Task PutWhileReadIsOneVersionOrAnother(ProviderFixture fixture) => UseAsync(fixture, async storage =>
    {
        await storage.PutAsync("a", Filled(0)).ConfigureAwait(false);
        var isOver = false;
        var reading = Task.Run(ReadUntilItIsOverAsync);
        try
        {
            for (var round = 1; round <= Rounds && !reading.IsCompleted; round++)
            {
                await storage.PutAsync("a", Filled(round)).ConfigureAwait(false);
            }
        }
        finally
        {
            Volatile.Write(ref isOver, true);
            await reading.ConfigureAwait(false);
        }

        async Task ReadUntilItIsOverAsync()
        {
            do
            {
                var (entry, read) = await ReadAsync(storage, "a").ConfigureAwait(false);
                Expect.Equal(entry.Size, read.Length, "the length of what was read");
                Expect.That(
                    read.Length > 0 && read.AsSpan().SequenceEqual(Filled(read[0])),
                    "what is read while it is replaced is one version");
            }
            while (!Volatile.Read(ref isOver));
        }

        static byte[] Filled(int round)
        {
            var bytes = new byte[round % 2 == 0 ? 100 : 90_000];
            Array.Fill(bytes, (byte)(round % 2));
            return bytes;
        }
    });

    private Task TwoDeletersOneETagExactlyOneWins(ProviderFixture fixture) => UseAsync(fixture, async storage =>
    {
        for (var round = 0; round < Rounds; round++)
        {
            var current = await storage.PutAsync("a", Bytes(1)).ConfigureAwait(false);
            var wins = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => Task.Run(async () =>
            {
                try
                {
                    return await storage.DeleteAsync("a", current.ETag).ConfigureAwait(false) ? 1 : 0;
                }
                catch (StorageConflictException)
                {
                    return 0;
                }
            }))).ConfigureAwait(false);
            Expect.Equal(1, wins.Sum(), $"the number of deleters that won round {round}");
        }
    });

    private static async Task<StorageEntry> PutStreamAsync(IStorage storage, int length, StoragePutOptions options)
    {
        using var stream = new MemoryStream(Bytes(length));
        return await storage.PutAsync("a", stream, options).ConfigureAwait(false);
    }
}
