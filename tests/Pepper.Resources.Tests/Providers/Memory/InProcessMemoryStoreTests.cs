using Pepper.Resources.Providers;
using Pepper.Resources.Testing.Providers;

namespace Pepper.Resources.Tests.Providers.Memory;

/// <summary>The suite that all memory stores pass, on the one in this process.</summary>
public sealed class InProcessMemoryStoreTests : MemoryStoreSuite
{
    public static TheoryData<string> Names => [.. Tests];

    [Theory]
    [MemberData(nameof(Names))]
    public Task Suite(string test) => RunAsync(test).WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);

    protected override ValueTask<IMemoryStore> OpenAsync(MemoryStoreOptions options, TimeProvider timeProvider) =>
        new(new InProcessMemoryStore(options, timeProvider));
}
