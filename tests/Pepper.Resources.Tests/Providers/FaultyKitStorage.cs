using System.Collections.Concurrent;
using Pepper.Resources.Providers;

namespace Pepper.Resources.Tests.Providers;

/// <summary>What a storage can get wrong, for the kit to find.</summary>
public enum StorageFault
{
    None,
    IgnoresIfMatch,
    ComparesThenWrites,
    ComparesThenDeletes,
    ReplacesInTwoSteps,
    ShowsStreamsEarly,
    KeepsHalfOfAStream,
    IgnoresConditionsOfStreams,
    ForgetsMetadataOfStreams,
    ForgetsTimesOfStreams,
    ReadsStreamsFromTheirBeginning,
    DisposesStreams,
    KeepsCallersBytes,
    KeepsCallersMetadata,
    TellsAWrongSize,
    IgnoresRangesOfLargeContents,
    RefusesReadsOfTheCurrentETag,
    RevivesWhatHasExpired,
    ForgetsMetadataWithItsTime,
    ListsUnsorted,
    LeaksPrefixes,
    SkipsAtPages,
}

/// <summary>A storage with one fault.</summary>
internal sealed class FaultyKitStorage(IStorage inner, StorageFault fault) : DelegatingStorage(inner)
{
    private readonly ConcurrentDictionary<string, (ReadOnlyMemory<byte> Content, StoragePutOptions? Options)> _written = new();

    public override async ValueTask<StorageEntry> PutAsync(
        string key, ReadOnlyMemory<byte> content, StoragePutOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        switch (fault)
        {
            case StorageFault.IgnoresIfMatch:
                options = options is null ? null : new() { IfAbsent = options.IfAbsent, Metadata = options.Metadata };
                break;
            case StorageFault.ComparesThenWrites when options?.IfMatch is { } expected:
                StorageRules.CheckCondition(
                    key, expected, ifAbsent: false, (await Inner.StatAsync(key, cancellationToken))?.ETag);
                await YieldAsync();
                options = new() { Metadata = options.Metadata, TimeToLive = options.TimeToLive };
                break;
            case StorageFault.ReplacesInTwoSteps when options?.IfMatch is null && options?.IfAbsent is not true:
                await Inner.DeleteAsync(key, null, cancellationToken);
                await YieldAsync();
                break;
        }

        var entry = await Inner.PutAsync(key, content, options, cancellationToken);
        _written[key] = (content, options);
        return fault == StorageFault.TellsAWrongSize ? entry with { Size = 0 } : entry;
    }

    public override async ValueTask<StorageEntry> PutAsync(
        string key, Stream content, StoragePutOptions? options = null, CancellationToken cancellationToken = default)
    {
        var had = options ?? new StoragePutOptions();
        switch (fault)
        {
            case StorageFault.IgnoresConditionsOfStreams:
                had = new() { Metadata = had.Metadata, TimeToLive = had.TimeToLive };
                break;
            case StorageFault.ForgetsMetadataOfStreams:
                had = new() { IfMatch = had.IfMatch, IfAbsent = had.IfAbsent, TimeToLive = had.TimeToLive };
                break;
            case StorageFault.ForgetsTimesOfStreams:
                had = new() { IfMatch = had.IfMatch, IfAbsent = had.IfAbsent, Metadata = had.Metadata };
                break;
            case StorageFault.ReadsStreamsFromTheirBeginning when content.CanSeek:
                content.Position = 0;
                break;
            case StorageFault.ShowsStreamsEarly:
                var there = await ReadAsync(key);
                await Inner.PutAsync(key, ReadOnlyMemory<byte>.Empty, had, cancellationToken);
                try
                {
                    return await Inner.PutAsync(key, content, new() { Metadata = had.Metadata }, cancellationToken);
                }
                catch (Exception) when (there is null)
                {
                    await Inner.DeleteAsync(key, null, CancellationToken.None);
                    throw;
                }

            case StorageFault.KeepsHalfOfAStream:
                using (var all = new MemoryStream())
                {
                    try
                    {
                        await content.CopyToAsync(all, cancellationToken);
                    }
                    catch (IOException)
                    {
                        await Inner.PutAsync(key, all.ToArray(), had, cancellationToken);
                        throw;
                    }

                    return await Inner.PutAsync(key, all.ToArray(), had, cancellationToken);
                }
        }

        var entry = await Inner.PutAsync(key, content, had, cancellationToken);
        if (fault == StorageFault.DisposesStreams)
        {
            await content.DisposeAsync();
        }

        return entry;
    }

    public override async ValueTask<StorageObject?> GetAsync(
        string key, StorageGetOptions? options = null, CancellationToken cancellationToken = default)
    {
        if (fault == StorageFault.RefusesReadsOfTheCurrentETag && options?.IfMatch is { } expected)
        {
            throw StorageRules.Conflict(key, expected, null);
        }

        if (fault == StorageFault.IgnoresRangesOfLargeContents && options?.Range is not null
            && await Inner.StatAsync(key, cancellationToken) is { Size: > 65536 })
        {
            options = new() { IfMatch = options.IfMatch, IfNoneMatch = options.IfNoneMatch };
        }

        var found = await Inner.GetAsync(key, options, cancellationToken);
        if (found is null || !_written.TryGetValue(key, out var written))
        {
            return found;
        }

        if (fault == StorageFault.KeepsCallersBytes && options is null && written.Content.Length == found.Entry.Size)
        {
            await found.DisposeAsync();
            return new StorageObject(found.Entry, new MemoryStream(written.Content.ToArray()));
        }

        return fault == StorageFault.KeepsCallersMetadata && written.Options?.Metadata is { } metadata
            ? new StorageObject(found.Entry with { Metadata = metadata }, found.Content) : found;
    }

    public override async ValueTask<bool> DeleteAsync(
        string key, string? ifMatch = null, CancellationToken cancellationToken = default)
    {
        if (fault != StorageFault.ComparesThenDeletes || ifMatch is null)
        {
            return await Inner.DeleteAsync(key, ifMatch, cancellationToken);
        }

        StorageRules.CheckCondition(key, ifMatch, ifAbsent: false, (await Inner.StatAsync(key, cancellationToken))?.ETag);
        await YieldAsync();
        await Inner.DeleteAsync(key, null, cancellationToken);
        return true;
    }

    public override async ValueTask<StoragePage> ListAsync(
        StorageListOptions? options = null, CancellationToken cancellationToken = default)
    {
        var page = await Inner.ListAsync(options, cancellationToken);
        return fault switch
        {
            StorageFault.ListsUnsorted => page with { Entries = [.. page.Entries.Reverse()] },
            StorageFault.LeaksPrefixes when options?.Prefix is { Length: > 1 } prefix => await Inner.ListAsync(
                new() { Prefix = prefix[..1], PageSize = options.PageSize, Continuation = options.Continuation },
                cancellationToken),
            StorageFault.SkipsAtPages when options?.Continuation is not null => page with
            {
                Entries = [.. page.Entries.Skip(1)],
            },
            _ => page,
        };
    }

    public override async ValueTask<StorageEntry?> SetTimeToLiveAsync(
        string key, TimeSpan? timeToLive, string? ifMatch = null, CancellationToken cancellationToken = default)
    {
        var entry = await base.SetTimeToLiveAsync(key, timeToLive, ifMatch, cancellationToken);
        if (fault == StorageFault.RevivesWhatHasExpired && entry is null && _written.TryGetValue(key, out var written))
        {
            return await Inner.PutAsync(key, written.Content, new() { TimeToLive = timeToLive }, cancellationToken);
        }

        return fault == StorageFault.ForgetsMetadataWithItsTime && entry is not null
            ? await Inner.PutAsync(key, await ReadAsync(key), new() { TimeToLive = timeToLive }, cancellationToken) : entry;
    }

    private async Task<byte[]?> ReadAsync(string key)
    {
        var found = await Inner.GetAsync(key);
        if (found is null)
        {
            return null;
        }

        await using (found)
        {
            using var all = new MemoryStream();
            await found.Content.CopyToAsync(all);
            return all.ToArray();
        }
    }

    // Long enough for whoever runs beside it to come between.
    private static async Task YieldAsync()
    {
        for (var turn = 0; turn < 200; turn++)
        {
            await Task.Yield();
        }
    }
}
