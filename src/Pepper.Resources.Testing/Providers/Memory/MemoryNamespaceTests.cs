using Pepper.Resources.Providers;
using static Pepper.Resources.Testing.MemoryScene;

namespace Pepper.Resources.Testing;

/// <summary>Namespaces: their borders, their list, their deletion.</summary>
internal static class MemoryNamespaceTests
{
    internal static readonly MemoryTest[] All =
    [
        new(nameof(Search_BelowANamespace_KeepsToItsBorders), Search_BelowANamespace_KeepsToItsBorders),
        new(nameof(Search_OfCharactersThatAreWildcardsElsewhere_TakesThemLiterally),
            Search_OfCharactersThatAreWildcardsElsewhere_TakesThemLiterally),
        new(nameof(Search_IsCaseSensitive), Search_IsCaseSensitive),
        new(nameof(Search_OfTheRoot_IsEverywhere), Search_OfTheRoot_IsEverywhere),
        new(nameof(List_ByPrefixSuffixAndDepth), List_ByPrefixSuffixAndDepth),
        new(nameof(List_InPages_GivesEachOnce), List_InPages_GivesEachOnce),
        new(nameof(List_ForgetsNamespaces_WhoseEntriesAreGone), List_ForgetsNamespaces_WhoseEntriesAreGone),
        new(nameof(List_OfABadQuery_IsRefused), List_OfABadQuery_IsRefused),
        new(nameof(DeleteNamespace_TakesWhatIsBelow_AndNothingElse), DeleteNamespace_TakesWhatIsBelow_AndNothingElse),
        new(nameof(DeleteNamespace_OfTheRoot_IsRefused), DeleteNamespace_OfTheRoot_IsRefused),
    ];

    private static async Task<IMemoryStore> OpenWithAsync(MemoryScene scene, params string[] namespaces)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        await PutAllAsync(store, namespaces.Select(static ns =>
            PutIn(new MemoryNamespace(ns.Split('/')), "k", "kettle") with { Vector = new float[] { 1, 1 } }))
                .ConfigureAwait(false);
        return store;
    }

    private static async Task Search_BelowANamespace_KeepsToItsBorders(MemoryScene scene)
    {
        var store = await OpenWithAsync(scene, "a", "a/b", "a/b/c", "ab", "a/bc", "aa", "b", "b/a", "A", "a b")
            .ConfigureAwait(false);

        foreach (var (below, expected) in new (MemoryNamespace, string[])[]
        {
            (new("a"), ["a", "a/b", "a/b/c", "a/bc"]),
            (new("a", "b"), ["a/b", "a/b/c"]),
            (new("a", "b", "c"), ["a/b/c"]),
            (new("b"), ["b", "b/a"]),
            (new("a", "b", "c", "d"), []),
            (new("z"), []),
        })
        {
            foreach (var search in new[]
            {
                new MemorySearch(), new MemorySearch { Text = "kettle" }, new MemorySearch { Vector = new float[] { 1, 0 } },
                new MemorySearch { Text = "kettle", Vector = new float[] { 1, 0 } },
            })
            {
                var found = await store.SearchAsync(search with { Namespace = below }).ConfigureAwait(false);
                SameList(
                    expected, found.Select(static match => match.Entry.Namespace.ToString()).Order(StringComparer.Ordinal),
                    $"What is found below {below} by {search.Text} {search.Vector}");
            }
        }
    }

    private static async Task Search_OfCharactersThatAreWildcardsElsewhere_TakesThemLiterally(MemoryScene scene)
    {
        var store = await OpenWithAsync(scene, "abc", "a%", "%", "_", "*", "a_c", "a/%", "a/b", "?", "[a-z]")
            .ConfigureAwait(false);

        foreach (var literal in new[] { "%", "_", "*", "a%", "a_c", "?", "[a-z]" })
        {
            var found = await store.SearchAsync(new MemorySearch { Namespace = new(literal) }).ConfigureAwait(false);
            SameList([literal], found.Select(static match => match.Entry.Namespace.ToString()));
            SameList([literal], await NamespacesAsync(store, new() { Prefix = new(literal) }).ConfigureAwait(false));
        }

        SameList(["a/%"], await NamespacesAsync(store, new() { Prefix = new("a"), Suffix = new("%") }).ConfigureAwait(false));
    }

    private static async Task Search_IsCaseSensitive(MemoryScene scene)
    {
        var store = await OpenWithAsync(scene, "users", "Users", "USERS").ConfigureAwait(false);
        foreach (var name in new[] { "users", "Users", "USERS" })
        {
            SameList([name], await NamespacesAsync(store, new() { Prefix = new(name) }).ConfigureAwait(false));
            Same(1, (await store.SearchAsync(new MemorySearch { Namespace = new(name) }).ConfigureAwait(false)).Count);
        }

        Same(null, await store.GetAsync(new("users"), "K").ConfigureAwait(false));
    }

    private static async Task Search_OfTheRoot_IsEverywhere(MemoryScene scene)
    {
        var store = await OpenWithAsync(scene, "a", "b/c", "d/e/f").ConfigureAwait(false);
        Same(3, (await store.SearchAsync(new MemorySearch { Namespace = MemoryNamespace.Root }).ConfigureAwait(false)).Count);
    }

    private static async Task List_ByPrefixSuffixAndDepth(MemoryScene scene)
    {
        var store = await OpenWithAsync(scene, "a", "a/b", "a/b/c", "a/d/c", "ab/c", "b/c", "c").ConfigureAwait(false);

        SameList(["a", "a/b", "a/b/c", "a/d/c", "ab/c", "b/c", "c"], await NamespacesAsync(store).ConfigureAwait(false));
        SameList(["a", "a/b", "a/b/c", "a/d/c"], await NamespacesAsync(store, new() { Prefix = new("a") }).ConfigureAwait(false));
        SameList(
            ["a/b/c", "a/d/c", "ab/c", "b/c", "c"], await NamespacesAsync(store, new() { Suffix = new("c") })
                .ConfigureAwait(false));
        SameList(["a/b/c", "b/c"], await NamespacesAsync(store, new() { Suffix = new("b", "c") }).ConfigureAwait(false));
        SameList(["a", "ab", "b", "c"], await NamespacesAsync(store, new() { MaxDepth = 1 }).ConfigureAwait(false));
        SameList(
            ["a", "a/b", "a/d"], await NamespacesAsync(store, new() { Prefix = new("a"), MaxDepth = 2 }).ConfigureAwait(false));
        SameList(
            ["a/b", "a/d"],
            await NamespacesAsync(store, new() { Prefix = new("a"), Suffix = new("c"), MaxDepth = 2 }).ConfigureAwait(false));
    }

    private static async Task List_InPages_GivesEachOnce(MemoryScene scene)
    {
        string[] all = [.. Enumerable.Range(0, 25).Select(static number => $"n{number:00}")];
        var store = await OpenWithAsync(scene, all).ConfigureAwait(false);
        List<string> seen = [];
        for (var offset = 0; offset < 35; offset += 7)
        {
            seen.AddRange(await NamespacesAsync(store, new() { Limit = 7, Offset = offset }).ConfigureAwait(false));
        }

        SameList(all, seen);
        SameList([], await NamespacesAsync(store, new() { Limit = 0 }).ConfigureAwait(false));
    }

    private static async Task List_ForgetsNamespaces_WhoseEntriesAreGone(MemoryScene scene)
    {
        var store = await OpenWithAsync(scene, "a", "b").ConfigureAwait(false);
        await store.DeleteAsync(new("a"), "k").ConfigureAwait(false);
        SameList(["b"], await NamespacesAsync(store).ConfigureAwait(false));
        await store.PutAsync(PutIn(new("a"), "k")).ConfigureAwait(false);
        SameList(["a", "b"], await NamespacesAsync(store).ConfigureAwait(false));
    }

    private static async Task List_OfABadQuery_IsRefused(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        foreach (var query in new MemoryNamespaceQuery[]
        {
            new() { MaxDepth = 0 }, new() { MaxDepth = -1 }, new() { Limit = -1 }, new() { Limit = 1001 }, new() { Offset = -1 },
        })
        {
            await ThrowsAsync<ArgumentException>(() => store.ListNamespacesAsync(query).AsTask(), $"{query}")
                .ConfigureAwait(false);
        }
    }

    private static async Task DeleteNamespace_TakesWhatIsBelow_AndNothingElse(MemoryScene scene)
    {
        var store = await OpenWithAsync(scene, "a", "a/b", "a/b/c", "ab", "%", "A").ConfigureAwait(false);

        Same(0, await store.DeleteNamespaceAsync(new("z")).ConfigureAwait(false));
        Same(3, await store.DeleteNamespaceAsync(new("a")).ConfigureAwait(false));
        SameList(["%", "A", "ab"], await NamespacesAsync(store).ConfigureAwait(false));
        Same(1, await store.DeleteNamespaceAsync(new("%")).ConfigureAwait(false));
        Same(2, (await store.SearchAsync(new MemorySearch { Text = "kettle" }).ConfigureAwait(false)).Count);
        Same(2, (await store.SearchAsync(new MemorySearch { Vector = new float[] { 1, 1 } }).ConfigureAwait(false)).Count);
    }

    private static async Task DeleteNamespace_OfTheRoot_IsRefused(MemoryScene scene)
    {
        var store = await OpenWithAsync(scene, "a").ConfigureAwait(false);
        await ThrowsAsync<ArgumentException>(() => store.DeleteNamespaceAsync(MemoryNamespace.Root).AsTask(), "The root")
            .ConfigureAwait(false);
        SameList(["a"], await NamespacesAsync(store).ConfigureAwait(false));
    }
}
