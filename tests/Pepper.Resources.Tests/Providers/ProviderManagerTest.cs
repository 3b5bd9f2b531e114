using Pepper.Resources.Providers;
using Pepper.Resources.Testing;
using Pepper.Resources.Tests.Monitoring;

namespace Pepper.Resources.Tests.Providers;

/// <summary>A manager on manual time, with what it logs and measures.</summary>
public abstract class ProviderManagerTest : IAsyncDisposable
{
    private readonly ResourceMonitor _monitor = new();

    protected ProviderManagerTest()
    {
        Metrics = new MetricRecorder(_monitor);
        Manager = NewManager();
    }

    private protected static TimeSpan Guard { get; } = TimeSpan.FromSeconds(30);

    private protected ManualTimeProvider Time { get; } = new();

    private protected LogRecorder<ProviderManager> Log { get; } = new();

    private protected MetricRecorder Metrics { get; }

    private protected ProviderManager Manager { get; }

    public async ValueTask DisposeAsync()
    {
        await Manager.DisposeAsync();
        Metrics.Dispose();
        _monitor.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected ProviderManager NewManager(ProviderManagerOptions? options = null) =>
        new(options, Time, new ProviderMonitor(_monitor, Log), Log);

    private protected ProviderState StateOf(string name) =>
        Manager.GetProviders().Single(one => one.Metadata.Name == name).State;

    private protected static Task FailAt(ProviderStage at, ProviderStage stage) =>
        at == stage ? throw new IOException($"{stage} was made to fail") : Task.CompletedTask;

    private protected async Task UntilAsync(Func<bool> condition)
    {
        using var guard = new CancellationTokenSource(Guard);
        while (!condition())
        {
            guard.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}
