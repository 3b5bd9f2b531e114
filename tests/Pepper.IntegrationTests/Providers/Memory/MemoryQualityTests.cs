using Pepper.Benchmarks.Memories;
using Pepper.Resources.Providers;

namespace Pepper.IntegrationTests.Providers.Memory;

/// <summary>The labelled set is as it is described, and the in-process store's search is as good on it as it was.</summary>
public sealed class MemoryQualityTests
{
    [Fact]
    public void Set_IsLargeEnough_AndEveryAnswerIsANote()
    {
        var keys = QualitySet.Notes.Select(static note => note.Key).ToHashSet(StringComparer.Ordinal);

        Assert.True(keys.Count >= 200 && keys.Count == QualitySet.Notes.Count);
        Assert.True(QualitySet.Queries.Count >= 50);
        Assert.All(QualitySet.Queries, query => Assert.True(query.Answers.Count > 0 && query.Answers.IsSubsetOf(keys)));
    }

    [Fact]
    public async Task Search_FindsWhatItsRankingIsFor()
    {
        var store = new InProcessMemoryStore(new MemoryStoreOptions { Embedding = HashedNgrams.EmbedAsync });
        await QualityRun.FillAsync(store);

        var codes = await QualityRun.AskAsync(store, MemoryRanking.Text, "code");
        var forms = await QualityRun.AskAsync(store, MemoryRanking.Vector, "other form");
        var text = await QualityRun.AskAsync(store, MemoryRanking.Text);
        var vector = await QualityRun.AskAsync(store, MemoryRanking.Vector);
        var hybrid = await QualityRun.AskAsync(store, MemoryRanking.Hybrid);
        TestContext.Current.TestOutputHelper?.WriteLine($"text {text}, vector {vector}, hybrid {hybrid}");

        Assert.Equal(1, codes.ReciprocalRank);
        Assert.True(forms.ReciprocalRank > 0.9);
        Assert.True(hybrid.Recall > Math.Max(text.Recall, vector.Recall));
    }
}
