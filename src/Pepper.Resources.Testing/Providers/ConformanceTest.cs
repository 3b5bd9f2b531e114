namespace Pepper.Resources.Testing;

/// <summary>One test of a conformance suite.</summary>
/// <param name="Suite">The suite's name.</param>
/// <param name="Name">The test's name, which reads as a sentence: what is done, when, and what comes of it.</param>
/// <param name="Capability">The capability that it is about; <c>null</c>: every provider of the suite has it.</param>
/// <param name="IsNegative">Whether it is for providers that do not declare the capability, and shows that they refuse
/// it.</param>
/// <param name="Run">Runs it on a fixture of its own; throws when the provider fails it.</param>
public sealed record ConformanceTest(
    string Suite, string Name, string? Capability, bool IsNegative, Func<ProviderFixture, Task> Run)
{
    /// <inheritdoc/>
    public override string ToString() => Name;
}
