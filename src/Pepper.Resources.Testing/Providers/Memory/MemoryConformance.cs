using Pepper.Resources.Providers;

namespace Pepper.Resources.Testing;

/// <summary>
/// Holds a memory provider to the contract of <see cref="IMemoryStore"/>. What its capabilities leave out is not asked of it.
/// </summary>
/// <param name="createFixture">Makes a fixture, which must be a <see cref="MemoryProviderFixture"/>; each test gets its
/// own.</param>
public sealed class MemoryConformance(Func<ProviderFixture> createFixture) : ConformanceSuite("memory", createFixture)
{
    private static readonly MemoryTest[] All =
    [
        .. MemoryEntryTests.All, .. MemoryNameTests.All, .. MemoryConditionTests.All, .. MemoryExpiryTests.All,
        .. MemoryNamespaceTests.All, .. MemoryFilterTests.All, .. MemoryTextTests.All, .. MemoryVectorTests.All,
        .. MemoryHybridTests.All, .. MemoryBatchTests.All, .. MemoryConcurrencyTests.All,
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<ConformanceTest> GetAllTests() =>
        [.. All.Select(test => Always(fixture => RunAsync(fixture, test.Run), test.Name))];

    private static async Task RunAsync(ProviderFixture fixture, Func<MemoryScene, Task> run)
    {
        var scene = new MemoryScene(fixture as MemoryProviderFixture ?? throw new ArgumentException(
            $"The fixture is a {fixture.GetType().Name}; the memory suite needs a {nameof(MemoryProviderFixture)}."));
        try
        {
            await run(scene).ConfigureAwait(false);
        }
        finally
        {
            await scene.CleanUpAsync().ConfigureAwait(false);
        }
    }
}

/// <summary>A fixture of memory providers.</summary>
public abstract class MemoryProviderFixture : ProviderFixture
{
    /// <summary>Makes a provider, not initialised, with these options; all that one fixture makes share its
    /// environment.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="options">What all memory stores share.</param>
    /// <returns>The provider.</returns>
    public abstract IMemoryProvider Create(string name, MemoryStoreOptions options);

    /// <inheritdoc/>
    public sealed override IProvider Create(string name) => Create(name, new MemoryStoreOptions());
}

/// <summary>A test by its name.</summary>
internal sealed record MemoryTest(string Name, Func<MemoryScene, Task> Run);
