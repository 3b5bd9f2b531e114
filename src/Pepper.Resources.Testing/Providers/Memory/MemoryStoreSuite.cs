using Pepper.Resources.Providers;

namespace Pepper.Resources.Testing.Providers;

/// <summary>
/// What every memory store must do, as tests that need no test framework: derive from this, say how a store is opened, and run
/// each of <see cref="Tests"/> on an instance of its own, over an empty place.
/// </summary>
/// <remarks>A test that fails throws a <see cref="MemoryStoreSuiteException"/> that says what was expected. Not thread safe: one
/// instance, one test.</remarks>
public abstract class MemoryStoreSuite
{
    private static readonly Dictionary<string, Func<MemoryScene, Task>> All = new MemoryTest[][]
    {
        MemoryEntryTests.All, MemoryNameTests.All, MemoryConditionTests.All, MemoryExpiryTests.All, MemoryNamespaceTests.All,
        MemoryFilterTests.All, MemoryTextTests.All, MemoryVectorTests.All, MemoryBatchTests.All, MemoryConcurrencyTests.All,
    }.SelectMany(static tests => tests).ToDictionary(static test => test.Name, static test => test.Run, StringComparer.Ordinal);

    /// <summary>The names of the tests.</summary>
    public static IReadOnlyList<string> Tests { get; } = [.. All.Keys];

    /// <summary>The time of the stores that are tested.</summary>
    protected ManualTimeProvider Time { get; } = new();

    /// <summary>Runs a test.</summary>
    /// <param name="test">One of <see cref="Tests"/>.</param>
    /// <returns>Ends when the test has passed.</returns>
    /// <exception cref="ArgumentException">There is no such test.</exception>
    /// <exception cref="MemoryStoreSuiteException">The store does not do what it must.</exception>
    public Task RunAsync(string test)
    {
        ArgumentNullException.ThrowIfNull(test);
        return All.TryGetValue(test, out var run)
            ? run(new MemoryScene(OpenAsync, Time))
            : throw new ArgumentException($"There is no test '{test}' in {nameof(MemoryStoreSuite)}.{nameof(Tests)}.", nameof(test));
    }

    /// <summary>
    /// Opens a store over this instance's place: empty at first; later calls open the same place again, which a persistent store
    /// finds as it was left.
    /// </summary>
    /// <param name="options">The options to open it with.</param>
    /// <param name="timeProvider">The time to open it with.</param>
    /// <returns>The store; the derived class disposes of it at the end of the test.</returns>
    protected abstract ValueTask<IMemoryStore> OpenAsync(MemoryStoreOptions options, TimeProvider timeProvider);
}

/// <summary>A store does not do what it must.</summary>
/// <param name="message">What was expected, and what happened.</param>
public sealed class MemoryStoreSuiteException(string message) : Exception(message);

/// <summary>A test by its name.</summary>
internal sealed record MemoryTest(string Name, Func<MemoryScene, Task> Run);
