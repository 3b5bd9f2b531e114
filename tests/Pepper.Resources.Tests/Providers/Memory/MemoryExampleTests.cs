using Pepper.Resources.Providers;

namespace Pepper.Resources.Tests.Providers.Memory;

/// <summary>The code of docs/memory.md.</summary>
public sealed class MemoryExampleTests
{
    [Fact]
    public async Task Example_RemembersAndFinds()
    {
        IMemoryStore store = new InProcessMemoryStore();

        var notes = new MemoryNamespace("users", "ada", "notes");
        var etag = await store.PutAsync(new MemoryPut(notes, "tea", "Ada takes her tea without sugar.")
        {
            Metadata = new Dictionary<string, MemoryField> { ["topic"] = "kitchen", ["year"] = 2026 },
            TimeToLive = TimeSpan.FromDays(30),
        });

        var found = await store.SearchAsync(new MemorySearch
        {
            Namespace = new MemoryNamespace("users", "ada"),
            Text = "how does she take tea?",
            Filters = [MemoryFilter.Equal("topic", "kitchen"), MemoryFilter.GreaterOrEqual("year", 2025)],
            Limit = 5,
        });

        await store.PutAsync(new MemoryPut(notes, "tea", "Ada takes her tea with milk.") { IfMatch = etag });

        Assert.Equal("tea", Assert.Single(found).Entry.Key);
        Assert.Equal("Ada takes her tea with milk.", (await store.GetAsync(notes, "tea"))!.Text);
    }
}
