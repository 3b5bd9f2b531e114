using Pepper.Resources.Providers;
using static Pepper.Resources.Testing.MemoryScene;

namespace Pepper.Resources.Testing;

/// <summary>Several callers at once, and long sequences beside a model.</summary>
internal static class MemoryConcurrencyTests
{
    internal static readonly MemoryTest[] All =
    [
        new(nameof(Writers_WithOneETag_OneWins), Writers_WithOneETag_OneWins),
        new(nameof(Writers_OfAFirstWrite_OneWins), Writers_OfAFirstWrite_OneWins),
        new(nameof(Deleters_WithOneETag_OneWins), Deleters_WithOneETag_OneWins),
        new(nameof(Writers_OfDifferentKeys_AllWin), Writers_OfDifferentKeys_AllWin),
        new(nameof(Counter_ThatIsRaisedByETag_LosesNothing), Counter_ThatIsRaisedByETag_LosesNothing),
        new(nameof(Batches_InOppositeOrder_AllEnd_AndAreWhole), Batches_InOppositeOrder_AllEnd_AndAreWhole),
        new(nameof(Sequence_OfManyOperations_IsWhatAModelSays), Sequence_OfManyOperations_IsWhatAModelSays),
    ];

    private static async Task<bool> WinsAsync(Func<ValueTask<string>> write)
    {
        try
        {
            await write().ConfigureAwait(false);
            return true;
        }
        catch (MemoryConflictException)
        {
            return false;
        }
    }

    private static async Task<int> WinnersAsync(IEnumerable<Func<ValueTask<string>>> writes) =>
        (await Task.WhenAll(writes.Select(static write => Task.Run(() => WinsAsync(write)))).WaitAsync(Guard)
            .ConfigureAwait(false))
            .Count(static wins => wins);

    private static async Task Writers_WithOneETag_OneWins(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        for (var round = 0; round < 50; round++)
        {
            var etag = await store.PutAsync(Put("a", $"{round}")).ConfigureAwait(false);
            Same(1, await WinnersAsync(Enumerable.Range(0, 4).Select<int, Func<ValueTask<string>>>(writer =>
                () => store.PutAsync(Put("a", $"{round} by {writer}") with { IfMatch = etag }))).ConfigureAwait(false));
        }
    }

    private static async Task Writers_OfAFirstWrite_OneWins(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        for (var round = 0; round < 50; round++)
        {
            Same(1, await WinnersAsync(Enumerable.Range(0, 4).Select<int, Func<ValueTask<string>>>(writer =>
                () => store.PutAsync(Put($"{round}", $"by {writer}") with { IfAbsent = true }))).ConfigureAwait(false));
        }
    }

    private static async Task Deleters_WithOneETag_OneWins(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        for (var round = 0; round < 50; round++)
        {
            var etag = await store.PutAsync(Put("a", $"{round}")).ConfigureAwait(false);
            Same(1, await WinnersAsync(Enumerable.Range(0, 4).Select<int, Func<ValueTask<string>>>(_ => async () =>
            {
                Check(await store.DeleteAsync(Notes, "a", etag).ConfigureAwait(false), "A delete by ETag found nothing.");
                return etag;
            })).ConfigureAwait(false));
        }
    }

    private static async Task Writers_OfDifferentKeys_AllWin(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(writer => Task.Run(async () =>
        {
            for (var number = 0; number < 25; number++)
            {
                await store.PutAsync(Put($"{writer}-{number}", $"kettle of {writer}")).ConfigureAwait(false);
                await store.SearchAsync(new() { Text = "kettle" }).ConfigureAwait(false);
            }
        }))).WaitAsync(Guard).ConfigureAwait(false);

        Same(200, (await KeysAsync(store, new() { Limit = 1000 }).ConfigureAwait(false)).Length);
        Same(200, (await KeysAsync(store, new() { Text = "kettle", Limit = 1000 }).ConfigureAwait(false)).Length);
    }

    private static async Task Counter_ThatIsRaisedByETag_LosesNothing(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        await store.PutAsync(Put("n", "", ("n", 0))).ConfigureAwait(false);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            for (var raised = 0; raised < 10;)
            {
                var entry = await store.GetAsync(Notes, "n").ConfigureAwait(false);
                var next = Put("n", "", ("n", entry!.Metadata["n"].AsNumber() + 1)) with { IfMatch = entry.ETag };
                raised += await WinsAsync(() => store.PutAsync(next)).ConfigureAwait(false) ? 1 : 0;
            }
        }))).WaitAsync(Guard).ConfigureAwait(false);

        Same(40, (await store.GetAsync(Notes, "n").ConfigureAwait(false))!.Metadata["n"].AsNumber());
    }

    private static async Task Batches_InOppositeOrder_AllEnd_AndAreWhole(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        string[] keys = [.. Enumerable.Range(0, 10).Select(static number => $"{number}")];
        await Task.WhenAll(Enumerable.Range(0, 4).Select(writer => Task.Run(async () =>
        {
            for (var round = 0; round < 10; round++)
            {
                var order = writer % 2 == 0 ? keys : keys.Reverse();
                await store.BatchAsync([.. order.Select(key => Put(key, $"{writer} {round}"))]).ConfigureAwait(false);
                if (store.Capabilities.AtomicBatches)
                {
                    var seen = await store.BatchAsync([new MemorySearch { Limit = 100 }]).ConfigureAwait(false);
                    Same(1, seen[0].Matches.Select(static match => match.Entry.Text).Distinct(StringComparer.Ordinal).Count());
                }
            }
        }))).WaitAsync(Guard).ConfigureAwait(false);

        SameList(keys, await KeysAsync(store, new() { Limit = 100 }).ConfigureAwait(false));
    }

    private static async Task Sequence_OfManyOperations_IsWhatAModelSays(MemoryScene scene)
    {
        var store = await scene.OpenAsync(new() { SweepInterval = TimeSpan.FromSeconds(10) }).ConfigureAwait(false);
        var model = new MemoryModel(scene.Time);
        var random = new Random(20_260_101);
        for (var step = 0; step < 400; step++)
        {
            scene.Time.Advance(TimeSpan.FromSeconds(random.Next(3)));
            var operation = model.Next(random);
            MemoryResult? result = null;
            try
            {
                result = (await store.BatchAsync([operation]).ConfigureAwait(false))[0];
            }
            catch (MemoryConflictException)
            {
                Check(model.Conflicts(operation), $"Step {step}: {operation} conflicts.");
            }

            Check(result is null || !model.Conflicts(operation), $"Step {step}: {operation} does not conflict.");
            if (result is not null && model.Apply(operation, result) is { } fault)
            {
                throw new ConformanceException($"Step {step}: {fault}");
            }
        }
    }
}
