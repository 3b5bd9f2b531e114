using Pepper.Resources.Providers;
using static Pepper.Resources.Testing.MemoryScene;

namespace Pepper.Resources.Testing;

/// <summary>Names are data, character by character.</summary>
internal static class MemoryNameTests
{
    // What means something to SQL, to LIKE, to GLOB, to full-text queries, to JSON paths, to file systems or to this library.
    private static readonly string[] Names =
    [
        "a", "A", "a ", " a", "a\n", "a\r\n", "\t", "%", "_", "*", "?", "a%", "a_", "[a-z]", "'", "''", "\"", "\\", "\\'", "--",
        "'; DROP TABLE entries; --", "\" OR 1=1", "$1", "@key", ":key", "{0}", "$.a", "a.b", "a/b", "../a", "a|b", "a,b", "(a)",
        "\u001F", "\u001E", "\u001Eu", "a\u001F", "\u0001", "\u007F", "é", "e\u0301", "É", "ß", "ss", "İ", "i", "I", "ı",
        "日本語", "عربى", "हिन्दी", "😀", "👩‍👩‍👧",
        "\uFFFD", "\uE000", "NULL", "null", "", "a\u00A0", "\u200B", "\uFEFFa",
    ];

    private static IEnumerable<string> Usable => Names.Where(static name => name.Length > 0);

    internal static readonly MemoryTest[] All =
    [
        new(nameof(Keys_OfAnyCharacters_AreKeptApart), Keys_OfAnyCharacters_AreKeptApart),
        new(nameof(Namespaces_OfAnyCharacters_AreKeptApart), Namespaces_OfAnyCharacters_AreKeptApart),
        new(nameof(Metadata_OfAnyCharacters_IsFoundByItself), Metadata_OfAnyCharacters_IsFoundByItself),
        new(nameof(Texts_OfAnyCharacters_ComeBack), Texts_OfAnyCharacters_ComeBack),
        new(nameof(Listing_IsInOrderOfCodePoints), Listing_IsInOrderOfCodePoints),
        new(nameof(Names_ThatAreNone_AreRefused), Names_ThatAreNone_AreRefused),
        new(nameof(Names_AtTheLimit_AreTaken_BeyondItRefused), Names_AtTheLimit_AreTaken_BeyondItRefused),
    ];

    private static async Task Keys_OfAnyCharacters_AreKeptApart(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        await PutAllAsync(store, Usable.Select(static name => Put(name, "of " + name))).ConfigureAwait(false);

        foreach (var name in Usable)
        {
            Same("of " + name, (await store.GetAsync(Notes, name).ConfigureAwait(false))?.Text);
        }

        foreach (var name in Usable)
        {
            Same(true, await store.DeleteAsync(Notes, name).ConfigureAwait(false));
            Same(null, await store.GetAsync(Notes, name).ConfigureAwait(false));
        }

        SameList([], await KeysAsync(store, new MemorySearch()).ConfigureAwait(false));
    }

    private static async Task Namespaces_OfAnyCharacters_AreKeptApart(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        await PutAllAsync(store, Usable.Select(static name => PutIn(new MemoryNamespace(name), "in", name)))
            .ConfigureAwait(false);
        await PutAllAsync(store, Usable.Select(static name => PutIn(new MemoryNamespace(name, name), "below", name)))
            .ConfigureAwait(false);

        Same(Usable.Count() * 2, (await store.ListNamespacesAsync(new MemoryNamespaceQuery { Limit = 1000 })
            .ConfigureAwait(false))
            .Distinct().Count());
        foreach (var name in Usable)
        {
            var found = await store.SearchAsync(new MemorySearch { Namespace = new MemoryNamespace(name) }).ConfigureAwait(false);
            SameList([(name, "in"), (name, "below")], found.Select(static match => (match.Entry.Text, match.Entry.Key)));
        }

        foreach (var name in Usable)
        {
            Same(2, await store.DeleteNamespaceAsync(new MemoryNamespace(name)).ConfigureAwait(false));
        }
    }

    private static async Task Metadata_OfAnyCharacters_IsFoundByItself(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        await PutAllAsync(store, Usable.Select(static name => Put(name, "", (name, 1), ("value", name)))).ConfigureAwait(false);

        foreach (var name in Usable)
        {
            var byValue = new MemorySearch { Filters = [MemoryFilter.Equal("value", name)] };
            SameList([name], await KeysAsync(store, byValue).ConfigureAwait(false), $"The keys by the value '{name}'");
            var byName = new MemorySearch { Filters = [MemoryFilter.Equal(name, 1)] };
            SameList([name], await KeysAsync(store, byName).ConfigureAwait(false), $"The keys by the field '{name}'");
        }
    }

    private static async Task Texts_OfAnyCharacters_ComeBack(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        var number = 0;
        foreach (var text in Names.Append(string.Join(' ', Names)))
        {
            await store.PutAsync(Put($"{number}", text)).ConfigureAwait(false);
            Same(text, (await store.GetAsync(Notes, $"{number}").ConfigureAwait(false))?.Text);
            number++;
        }
    }

    private static async Task Listing_IsInOrderOfCodePoints(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        string[] keys = ["\u0001", "A", "B", "a", "ab", "b", "é", "\uE000", "\uFFFD", "😀"];
        await PutAllAsync(store, keys.Reverse().Select(static key => Put(key))).ConfigureAwait(false);
        await PutAllAsync(store, keys.Reverse().Select(static key => PutIn(Notes.Append(key), "k"))).ConfigureAwait(false);

        var found = await store.SearchAsync(new MemorySearch { Limit = 100 }).ConfigureAwait(false);

        SameList(
            [.. keys.Select(static key => (Notes, key)), .. keys.Select(static key => (Notes.Append(key), "k"))],
            found.Select(static match => (match.Entry.Namespace, match.Entry.Key)));
        SameList(
            [Notes, .. keys.Select(static key => Notes.Append(key))], await store.ListNamespacesAsync().ConfigureAwait(false));
    }

    private static async Task Names_ThatAreNone_AreRefused(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        string[] bad = ["", "\0", "a\0b", "\uD800", "a\uDC00", "\uDC00\uD800"];
        foreach (var name in bad)
        {
            await ThrowsAsync<ArgumentException>(() => store.PutAsync(Put(name)).AsTask(), "A bad key").ConfigureAwait(false);
            await ThrowsAsync<ArgumentException>(() => store.GetAsync(Notes, name).AsTask(), "A bad key").ConfigureAwait(false);
            await ThrowsAsync<ArgumentException>(() => store.DeleteAsync(Notes, name).AsTask(), "A bad key")
                .ConfigureAwait(false);
            await ThrowsAsync<ArgumentException>(() => Task.FromResult(new MemoryNamespace(name)), "A bad segment")
                .ConfigureAwait(false);
            await ThrowsAsync<ArgumentException>(() => store.PutAsync(Put("a", "", (name, 1))).AsTask(), "A bad field")
                .ConfigureAwait(false);
        }

        foreach (var text in bad.Skip(1))
        {
            await ThrowsAsync<ArgumentException>(() => store.PutAsync(Put("a", text)).AsTask(), "A bad text")
                .ConfigureAwait(false);
        }

        await ThrowsAsync<ArgumentException>(() => store.PutAsync(PutIn(MemoryNamespace.Root, "a")).AsTask(), "The root")
            .ConfigureAwait(false);
        await ThrowsAsync<ArgumentException>(() => store.GetAsync(MemoryNamespace.Root, "a").AsTask(), "The root")
            .ConfigureAwait(false);
        SameList([], await KeysAsync(store, new MemorySearch()).ConfigureAwait(false));
    }

    private static async Task Names_AtTheLimit_AreTaken_BeyondItRefused(MemoryScene scene)
    {
        var store = await scene.OpenAsync().ConfigureAwait(false);
        var most = store.Capabilities.MaxNameBytes;
        // Of random letters, as a database may compress what repeats itself before it measures it.
        var random = new Random(1);
        var key = string.Concat(Enumerable.Range(0, most).Select(_ => (char)('!' + random.Next(90))));
        var ns = new MemoryNamespace(key[..(most / 2)], key[(most / 2)..^2]);

        await store.PutAsync(PutIn(ns, key, "long")).ConfigureAwait(false);

        Same("long", (await store.GetAsync(ns, key).ConfigureAwait(false))?.Text);
        SameList([ns], await store.ListNamespacesAsync().ConfigureAwait(false));
        await ThrowsAsync<ArgumentException>(() => store.PutAsync(Put(key + "x")).AsTask(), "A long key").ConfigureAwait(false);
        await ThrowsAsync<ArgumentException>(() => store.PutAsync(Put(key[1..] + "é")).AsTask(), "A long key")
            .ConfigureAwait(false);
        await ThrowsAsync<ArgumentException>(() => Task.FromResult(ns.Append("xx")), "A long namespace").ConfigureAwait(false);
    }
}
