using System.Runtime.CompilerServices;
using Pepper.Resources.Providers;

namespace Pepper.Resources.Testing.Providers;

/// <summary>What a test of a memory store works with.</summary>
internal sealed class MemoryScene(Func<MemoryStoreOptions, TimeProvider, ValueTask<IMemoryStore>> open, ManualTimeProvider time)
{
    internal static readonly TimeSpan Guard = TimeSpan.FromSeconds(60);

    internal ManualTimeProvider Time => time;

    internal static MemoryNamespace Notes { get; } = new("notes");

    internal async Task<IMemoryStore> OpenAsync(MemoryStoreOptions? options = null)
    {
        var store = await open(options ?? new MemoryStoreOptions(), time).ConfigureAwait(false);
        Check(store is not null, "The store was not opened.");
        return store!;
    }

    internal static void Check(bool condition, string expected)
    {
        if (!condition)
        {
            throw new MemoryStoreSuiteException(expected);
        }
    }

    internal static void Same<T>(T expected, T actual, [CallerArgumentExpression(nameof(actual))] string? what = null) =>
        Check(EqualityComparer<T>.Default.Equals(expected, actual), $"{what} is '{actual}'; expected: '{expected}'.");

    internal static void SameList<T>(
        IEnumerable<T> expected, IEnumerable<T> actual, [CallerArgumentExpression(nameof(actual))] string? what = null)
    {
        T[] left = [.. expected], right = [.. actual];
        Check(left.SequenceEqual(right), $"{what} is [{string.Join(", ", right)}]; expected: [{string.Join(", ", left)}].");
    }

    internal static async Task<TException> ThrowsAsync<TException>(Func<Task> act, string what)
        where TException : Exception
    {
        try
        {
            await act().ConfigureAwait(false);
        }
        catch (TException expected)
        {
            return expected;
        }
        catch (Exception other)
        {
            throw new MemoryStoreSuiteException($"{what} threw {other.GetType().Name} ({other.Message}); "
                + $"expected: {typeof(TException).Name}.");
        }

        throw new MemoryStoreSuiteException($"{what} threw nothing; expected: {typeof(TException).Name}.");
    }

    internal static MemoryPut Put(string key, string text = "", params (string Name, MemoryField Value)[] metadata) =>
        PutIn(Notes, key, text, metadata);

    internal static MemoryPut PutIn(
        MemoryNamespace ns, string key, string text = "", params (string Name, MemoryField Value)[] metadata) =>
        new(ns, key, text)
        {
            Metadata = metadata.ToDictionary(static field => field.Name, static field => field.Value, StringComparer.Ordinal),
        };

    internal static async Task PutAllAsync(IMemoryStore store, params IEnumerable<MemoryPut> puts)
    {
        foreach (var put in puts)
        {
            await store.PutAsync(put).ConfigureAwait(false);
        }
    }

    /// <summary>The keys that a search finds, in their order.</summary>
    internal static async Task<string[]> KeysAsync(IMemoryStore store, MemorySearch search) =>
        [.. (await store.SearchAsync(search).ConfigureAwait(false)).Select(static match => match.Entry.Key)];

    /// <summary>The keys that a search finds, sorted.</summary>
    internal static async Task<string[]> SortedKeysAsync(IMemoryStore store, MemorySearch search) =>
        [.. (await KeysAsync(store, search).ConfigureAwait(false)).Order(StringComparer.Ordinal)];

    /// <summary>All namespaces that are listed, as people read them.</summary>
    internal static async Task<string[]> NamespacesAsync(IMemoryStore store, MemoryNamespaceQuery? query = null) =>
        [.. (await store.ListNamespacesAsync(query).ConfigureAwait(false)).Select(static ns => ns.ToString())];
}
