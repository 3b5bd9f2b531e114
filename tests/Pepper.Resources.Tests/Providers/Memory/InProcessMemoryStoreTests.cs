using Pepper.Resources.Providers;
using Pepper.Resources.Testing;
using Pepper.Tests;

namespace Pepper.Resources.Tests.Providers.Memory;

/// <summary>Memories in this process share nothing: each provider has its own.</summary>
public sealed class InProcessMemoryFixture : MemoryProviderFixture
{
    public override IMemoryProvider Create(string name, MemoryStoreOptions options) => new InProcessMemoryProvider(
        InProcessMemoryProvider.Describe(name), new InProcessMemoryOptions { Store = options }, Time);

    public override IProvider? CreateFaulty(string name) =>
        Create(name, new MemoryStoreOptions { DefaultTimeToLive = TimeSpan.Zero });
}

public sealed class InProcessMemoryLifecycleTests : ConformanceTests<LifecycleConformance, InProcessMemoryFixture>;

public sealed class InProcessMemoryStoreTests : ConformanceTests<MemoryConformance, InProcessMemoryFixture>;
