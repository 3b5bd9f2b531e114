using System.Collections.Concurrent;
using Pepper.Resources.Providers;

namespace Pepper.Resources.Tests.Providers;

/// <summary>A provider that notes what is done to it, and does at each stage what a test wants.</summary>
internal sealed class TestProvider(ProviderMetadata metadata, TestConfig config) : Provider<TestConfig>(metadata, config)
{
    private static int _numbers;
    private int _users;

    public int Number { get; } = Interlocked.Increment(ref _numbers);

    public bool IsInitialized { get; private set; }

    public int Cleanups { get; private set; }

    public static TestProvider New(string name, TestConfig? config = null, params string[] dependsOn) =>
        new(Describe(name, dependsOn), config ?? new TestConfig());

    public static ProviderMetadata Describe(string name, params string[] dependsOn) => new()
    {
        Name = name,
        Type = ProviderType.Custom,
        DependsOn = dependsOn.ToHashSet(),
    };

    public override async Task ValidateAsync(CancellationToken cancellationToken = default) =>
        await RunAsync(ProviderStage.Validate, cancellationToken);

    public override async Task InitializeAsync(CancellationToken cancellationToken = default)
    {
        await RunAsync(ProviderStage.Initialize, cancellationToken);
        IsInitialized = true;
    }

    public override async Task CleanupAsync(CancellationToken cancellationToken = default)
    {
        Assert.Equal(0, Volatile.Read(ref _users));
        await RunAsync(ProviderStage.Cleanup, cancellationToken);
        IsInitialized = false;
        Cleanups++;
    }

    public override async ValueTask<ProviderHealth> CheckHealthAsync(CancellationToken cancellationToken = default)
    {
        await RunAsync(ProviderStage.HealthCheck, cancellationToken);
        return Config.Health;
    }

    /// <summary>An operation: what it sees at its beginning must hold at its end.</summary>
    public async Task UseAsync()
    {
        Assert.True(IsInitialized);
        Interlocked.Increment(ref _users);
        await Task.Yield();
        Assert.True(IsInitialized);
        Interlocked.Decrement(ref _users);
    }

    private async Task RunAsync(ProviderStage stage, CancellationToken cancellationToken)
    {
        Config.Notes.Enqueue($"{stage} {Metadata.Name}");
        if (Config.At is { } at)
        {
            await at(this, stage, cancellationToken);
        }
    }
}

internal sealed class TestConfig : IProviderConfiguration
{
    public bool Enabled { get; set; } = true;

    public string? Fault { get; set; }

    public ProviderHealth Health { get; set; } = ProviderHealth.Healthy;

    public Func<TestProvider, ProviderStage, CancellationToken, Task>? At { get; set; }

    public ConcurrentQueue<string> Notes { get; init; } = new();

    public IEnumerable<string> GetFaults() => Fault is null ? [] : [Fault];
}
