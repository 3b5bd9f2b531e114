using System.Runtime.CompilerServices;
using Pepper.Resources.Providers;

namespace Pepper.Resources.Testing;

/// <summary>What a test of a memory store works with.</summary>
internal sealed class MemoryScene(MemoryProviderFixture fixture)
{
    internal static readonly TimeSpan Guard = TimeSpan.FromSeconds(60);
    private readonly List<IMemoryProvider> _opened = [];

    internal ManualTimeProvider Time => fixture.Time;

    internal static MemoryNamespace Notes { get; } = new("notes");

    /// <summary>Opens a memory over the fixture's environment, again if it is open.</summary>
    internal async Task<IMemoryStore> OpenAsync(MemoryStoreOptions? options = null)
    {
        var provider = fixture.Create($"memory{_opened.Count}", options ?? new MemoryStoreOptions());
        await provider.ValidateAsync().ConfigureAwait(false);
        _opened.Add(provider);
        await provider.InitializeAsync().ConfigureAwait(false);
        return provider.Store ?? throw new ConformanceException("The provider is initialised, and its Store is null.");
    }

    internal async Task CleanUpAsync()
    {
        foreach (var provider in _opened)
        {
            await provider.CleanupAsync().ConfigureAwait(false);
        }
    }

    internal static void Check(bool condition, string expected)
    {
        if (!condition)
        {
            throw new ConformanceException(expected);
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
            throw new ConformanceException($"{what} threw {other.GetType().Name} ({other.Message}); "
                + $"expected: {typeof(TException).Name}.");
        }

        throw new ConformanceException($"{what} threw nothing; expected: {typeof(TException).Name}.");
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
