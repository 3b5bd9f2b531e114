using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Reflection;
using System.Text;
using Pepper.Resources.Providers;

namespace Pepper.Resources.Testing;

/// <summary>All suites of a provider: which it must pass, how it does, and whether one is missing.</summary>
public static class ProviderConformance
{
    /// <summary>The suites that a provider must pass, by what it is.</summary>
    /// <param name="providerType">The provider's class.</param>
    /// <returns>The classes of the suites.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="providerType"/> is null.</exception>
    public static IReadOnlyList<Type> GetRequiredSuites(Type providerType)
    {
        ArgumentNullException.ThrowIfNull(providerType);
        List<Type> suites = [typeof(LifecycleConformance)];
        if (providerType.IsAssignableTo(typeof(IStorageProvider)))
        {
            suites.Add(typeof(StorageConformance));
        }

        if (providerType.IsAssignableTo(typeof(IMemoryProvider)))
        {
            suites.Add(typeof(MemoryConformance));
        }

        return suites;
    }

    /// <summary>Runs all suites that a provider must pass.</summary>
    /// <param name="createFixture">Makes a fixture; each test gets its own.</param>
    /// <param name="cancellationToken">Ends the run between two tests.</param>
    /// <returns>How each test went.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="createFixture"/> is null.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static async Task<ConformanceReport> RunAsync(
        Func<ProviderFixture> createFixture, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(createFixture);
        var provider = createFixture().Create("conformance");
        List<ConformanceResult> results = [];
        foreach (var suite in GetSuites(provider.GetType(), createFixture))
        {
            foreach (var test in suite.GetTests(provider.Metadata))
            {
                cancellationToken.ThrowIfCancellationRequested();
                try
                {
                    await suite.RunAsync(test.Name).ConfigureAwait(false);
                    results.Add(new ConformanceResult(test, null));
                }
                catch (Exception failure)
                {
                    results.Add(new ConformanceResult(test, failure));
                }
            }
        }

        return new ConformanceReport(provider.GetType().Name, provider.Metadata, results);
    }

    /// <summary>Finds providers that are not held to a suite: a test that asserts that there are none keeps it so.</summary>
    /// <param name="assembly">The assembly of the providers: its public classes that can be made.</param>
    /// <param name="covered">The pairs of provider and suite that are tested.</param>
    /// <returns>A sentence for each suite that is missing; empty when there is none.</returns>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    [RequiresUnreferencedCode("It looks for the providers in an assembly.")]
    public static IReadOnlyList<string> GetMissing(Assembly assembly, IEnumerable<(Type Provider, Type Suite)> covered)
    {
        ArgumentNullException.ThrowIfNull(assembly);
        ArgumentNullException.ThrowIfNull(covered);
        var known = covered.ToHashSet();
        return
        [
            .. assembly.GetExportedTypes().Where(static type => type is { IsClass: true, IsAbstract: false }
                && type.IsAssignableTo(typeof(IProvider)))
                .SelectMany(type => GetRequiredSuites(type).Where(suite => !known.Contains((type, suite)))
                    .Select(suite => $"{type.Name} is not held to {suite.Name}."))
                .Order(StringComparer.Ordinal),
        ];
    }

    private static IEnumerable<ConformanceSuite> GetSuites(Type providerType, Func<ProviderFixture> createFixture)
    {
        yield return new LifecycleConformance(createFixture);
        if (providerType.IsAssignableTo(typeof(IStorageProvider)))
        {
            yield return new StorageConformance(createFixture);
        }

        if (providerType.IsAssignableTo(typeof(IMemoryProvider)))
        {
            yield return new MemoryConformance(createFixture);
        }
    }
}

/// <summary>How one test went.</summary>
/// <param name="Test">The test.</param>
/// <param name="Failure">What went wrong; <c>null</c>: it passed.</param>
public sealed record ConformanceResult(ConformanceTest Test, Exception? Failure);

/// <summary>How a provider did in all its suites.</summary>
/// <param name="Provider">The provider's class.</param>
/// <param name="Metadata">What it declares.</param>
/// <param name="Results">How each test went.</param>
public sealed record ConformanceReport(string Provider, ProviderMetadata Metadata, IReadOnlyList<ConformanceResult> Results)
{
    /// <summary>Whether all tests passed.</summary>
    public bool IsPassed => Results.Count > 0 && Results.All(static result => result.Failure is null);

    /// <summary>A table of suites and capabilities, and the failures.</summary>
    /// <returns>The text.</returns>
    public override string ToString()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{Provider} ({Metadata.Type.ToString().ToLowerInvariant()}), declares ")
            .AppendJoin(", ", Metadata.Capabilities.Order(StringComparer.Ordinal)).Append('\n');
        foreach (var group in Results.GroupBy(static result =>
            (result.Test.Suite, Capability: result.Test.Capability ?? "(all)", result.Test.IsNegative)))
        {
            var passed = group.Count(static result => result.Failure is null);
            var capability = (group.Key.IsNegative ? "without " : string.Empty) + group.Key.Capability;
            text.Append(CultureInfo.InvariantCulture,
                $"  {group.Key.Suite,-10} {capability,-24} {passed,3} of {group.Count(),3} passed\n");
        }

        foreach (var result in Results.Where(static result => result.Failure is not null))
        {
            text.Append(
                CultureInfo.InvariantCulture, $"  FAILED {result.Test.Suite}: {result.Test.Name}: {result.Failure!.Message}\n");
        }

        return text.ToString();
    }
}
