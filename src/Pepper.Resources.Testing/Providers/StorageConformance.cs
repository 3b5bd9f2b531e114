using Pepper.Resources.Providers;

namespace Pepper.Resources.Testing;

/// <summary>Holds a storage provider to the contract of <see cref="IStorage"/>, and of the features that it declares.</summary>
/// <param name="createFixture">Makes a fixture; each test gets its own.</param>
public sealed partial class StorageConformance(Func<ProviderFixture> createFixture) : ConformanceSuite("storage", createFixture)
{
    /// <summary>For how many rounds two writers compete. Default: 50.</summary>
    public int Rounds { get; set; } = 50;

    /// <inheritdoc/>
    public override IReadOnlyList<ConformanceTest> GetAllTests() =>
    [
        Always(PutThenGetGivesTheSame, "Put_ThenGet_GivesTheSame"),
        Always(PutEmptyIsAnEntry, "Put_Empty_IsAnEntry"),
        Always(PutLargeComesBackWhole, "Put_Large_ComesBackWhole"),
        Always(PutAgainReplaces, "Put_Again_Replaces"),
        Always(PutMetadataComesBack, "Put_Metadata_ComesBack"),
        Always(PutTooMuchMetadataIsRefused, "Put_TooMuchMetadata_IsRefused"),
        Always(PutTooLargeIsRefused, "Put_TooLarge_IsRefused"),
        Always(PutStreamFailsLeavesWhatWas, "Put_StreamFails_LeavesWhatWas"),
        Always(PutCancelledWritesNothing, "Put_Cancelled_WritesNothing"),
        Always(PutStreamCancelledOnTheWayChangesNothing, "Put_StreamCancelledOnTheWay_ChangesNothing"),
        Always(PutManyAtOnceAllAreThere, "Put_ManyAtOnce_AllAreThere"),
        .. StreamTests,
        Always(GetMissingIsNull, "Get_Missing_IsNull"),
        Always(GetWhileReplacedReadsOneVersion, "Get_WhileReplaced_ReadsOneVersion"),
        Always(GetRangeGivesThatPart, "Get_Range_GivesThatPart"),
        Always(DeleteThenGetIsGone, "Delete_ThenGet_IsGone"),
        Always(ModifiedIsTheTimeOfTheWrite, "Modified_IsTheTimeOfTheWrite"),
        Always(ReopenAfterCleanupKeepsEntries, "Reopen_AfterCleanup_KeepsEntries"),
        Always(ETagEachWriteIsAnother, "ETag_EachWrite_IsAnother"),
        Always(IfMatchCurrentWrites, "IfMatch_Current_Writes"),
        Always(IfMatchStaleIsAConflict, "IfMatch_Stale_IsAConflict"),
        Always(IfMatchMissingIsAConflict, "IfMatch_Missing_IsAConflict"),
        Always(IfAbsentOnlyTheFirstWrites, "IfAbsent_OnlyTheFirst_Writes"),
        Always(IfAbsentWithIfMatchIsRefused, "IfAbsent_WithIfMatch_IsRefused"),
        Always(IfNoneMatchCurrentLeavesTheContentOut, "IfNoneMatch_Current_LeavesTheContentOut"),
        Always(TwoWritersOneETagExactlyOneWins, "TwoWriters_OneETag_ExactlyOneWins"),
        Always(TwoCreatorsExactlyOneWins, "TwoCreators_ExactlyOneWins"),
        Always(KeysOfAnyKindAreEntriesOfTheirOwn, "Keys_OfAnyKind_AreEntriesOfTheirOwn"),
        Always(KeysThatAreNoneAreRefused, "Keys_ThatAreNone_AreRefused"),
        Always(KeysOfFullLengthAreKept, "Keys_OfFullLength_AreKept"),
        Always(ListPrefixIsToTheLetter, "List_Prefix_IsToTheLetter"),
        Always(ListPagesGiveEachOnce, "List_Pages_GiveEachOnce"),
        Always(ListChangedBetweenPagesGivesTheRestOnce, "List_ChangedBetweenPages_GivesTheRestOnce"),
        Always(ListEntriesSayWhatStatSays, "List_Entries_SayWhatStatSays"),
        Always(ListBadOptionsAreRefused, "List_BadOptions_AreRefused"),
        With(ProviderCapabilities.DeletePrefix, DeletePrefixDeletesThoseAlone,
            "DeletePrefix_DeletesThoseAlone"),
        With(ProviderCapabilities.DeletePrefix, DeletePrefixEmptyIsRefused,
            "DeletePrefix_Empty_IsRefused"),
        Without(ProviderCapabilities.DeletePrefix, DeletePrefixNotDeclaredIsNotOffered,
            "DeletePrefix_NotDeclared_IsNotOffered"),
        With(ProviderCapabilities.TimeToLive, TimeToLiveOverIsGone,
            "TimeToLive_Over_IsGone"),
        With(ProviderCapabilities.TimeToLive, TimeToLiveOverIsAbsentForConditions,
            "TimeToLive_Over_IsAbsentForConditions"),
        With(ProviderCapabilities.TimeToLive, TimeToLiveNewWriteWithoutLivesForEver,
            "TimeToLive_NewWriteWithout_LivesForEver"),
        With(ProviderCapabilities.TimeToLive, TimeToLiveSetCountsFromThen,
            "TimeToLive_Set_CountsFromThen"),
        With(ProviderCapabilities.TimeToLive, TimeToLiveNotPositiveIsRefused,
            "TimeToLive_NotPositive_IsRefused"),
        With(ProviderCapabilities.TimeToLive, TimeToLiveLongestIsForEver,
            "TimeToLive_Longest_IsForEver"),
        With(ProviderCapabilities.TimeToLive, PurgeExpiredAreCounted,
            "Purge_Expired_AreCounted"),
        Without(ProviderCapabilities.TimeToLive, TimeToLiveNotDeclaredIsRefused,
            "TimeToLive_NotDeclared_IsRefused"),
    ];

    private static byte[] Bytes(int length)
    {
        var bytes = new byte[length];
        for (var index = 0; index < length; index++)
        {
            bytes[index] = (byte)(index * 31 + (index >> 8));
        }

        return bytes;
    }

    private static StoragePutOptions Meta(string name, string value) =>
        new() { Metadata = new Dictionary<string, string> { [name] = value } };

    private static StoragePutOptions Ttl(int seconds) => new() { TimeToLive = TimeSpan.FromSeconds(seconds) };

    private static TimeSpan Granularity(IStorage storage) =>
        StorageRules.Feature<IExpiringStorage>(storage).TimeToLiveGranularity + TimeSpan.FromMilliseconds(1);

    private static async Task<(StorageEntry Entry, byte[] Content)> ReadAsync(
        IStorage storage, string key, StorageGetOptions? options = null)
    {
        var found = Expect.NotNull(await storage.GetAsync(key, options).ConfigureAwait(false), $"the entry '{key}'");
        await using (found.ConfigureAwait(false))
        {
            return (found.Entry, await ReadToEndAsync(found.Content).ConfigureAwait(false));
        }
    }

    private static async Task<byte[]> ReadToEndAsync(Stream content)
    {
        using var all = new MemoryStream();
        await content.CopyToAsync(all).ConfigureAwait(false);
        return all.ToArray();
    }

    private static async Task<List<string>> ListAllAsync(IStorage storage, string prefix, int pageSize)
    {
        List<string> keys = [];
        var options = new StorageListOptions { Prefix = prefix, PageSize = pageSize };
        do
        {
            var page = await storage.ListAsync(options).ConfigureAwait(false);
            Expect.That(page.Entries.Count <= pageSize, "a page has no more entries than asked for");
            keys.AddRange(page.Entries.Select(static entry => entry.Key));
            options.Continuation = page.Continuation;
            Expect.That(keys.Count < 10_000, "the list comes to an end");
        }
        while (options.Continuation is not null);
        return keys;
    }

    private static async Task UseAsync(ProviderFixture fixture, Func<IStorage, Task> test)
    {
        var provider = fixture.Create("conformance") as IStorageProvider
            ?? throw new ConformanceException("Expected a storage provider, but it is none.");
        await provider.InitializeAsync().ConfigureAwait(false);
        try
        {
            await test(Expect.NotNull(provider.Storage, "a storage after the start")).ConfigureAwait(false);
        }
        finally
        {
            await provider.CleanupAsync().ConfigureAwait(false);
        }
    }
}
