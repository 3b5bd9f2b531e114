using Pepper.Resources.Providers;
using Pepper.Resources.Recovery;
using Pepper.Resources.Testing;
using Pepper.Resources.Tests.Monitoring;
using Pepper.Tests;

namespace Pepper.Resources.Tests.Providers;

/// <summary>The kit through all decorators, with one operation of ten failing at first.</summary>
public sealed class DecoratedStorageTests : ConformanceTests<StorageConformance, DecoratedFixture>;

public sealed class DecoratedFixture : FolderFixture
{
    public override IProvider Create(string name) => new DecoratedProvider(
        FileStorageProvider.Describe(name), new FileStorageOptions { Path = Path.Combine(Folder, "files") }, Time);
}

internal sealed class DecoratedProvider(ProviderMetadata metadata, FileStorageOptions options, TimeProvider time)
    : StorageProvider<FileStorageOptions>(metadata, options)
{
    private readonly FileStorageProvider _files = new(metadata, options, time);

    public override async Task InitializeAsync(CancellationToken cancellationToken = default)
    {
        await _files.InitializeAsync(cancellationToken);
        var inner = new StorageBuilder(_files.Storage!, time).UseCache()
            .UseFaults(new StorageFaultOptions { FailBefore = 0.1, Failure = static _ => new NothingDoneException() }).Build();
        Storage = new StorageBuilder(inner).UseConcurrencyLimit(4)
            .UseRetry(new RetryOptions { MaxAttempts = 20, InitialDelay = TimeSpan.FromMilliseconds(1), ExponentialBase = 1 })
            .UseTimeout(new TimeoutOptions()).UseMetrics(Metadata.Name, new ProviderMonitor(new ResourceMonitor())).Build();
    }

    public override Task CleanupAsync(CancellationToken cancellationToken = default)
    {
        Storage = null;
        return _files.CleanupAsync(cancellationToken);
    }

    private sealed class NothingDoneException() : Exception("A fault before anything was done."), IRetryHint
    {
        bool? IRetryHint.MayRetry => true;
    }
}

/// <summary>Each decorator by itself.</summary>
public sealed class StorageDecoratorTests : IAsyncLifetime
{
    private static readonly TimeSpan Guard = TimeSpan.FromSeconds(30);
    private readonly FileStorageFixture _fixture = new();
    private IStorageProvider _provider = null!;
    private ProbeStorage _probe = null!;

    private ManualTimeProvider Time => _fixture.Time;

    public async ValueTask InitializeAsync()
    {
        await _fixture.PrepareAsync();
        _provider = (IStorageProvider)_fixture.Create("files");
        await _provider.InitializeAsync();
        _probe = new ProbeStorage(_provider.Storage!);
    }

    public async ValueTask DisposeAsync()
    {
        await _provider.CleanupAsync();
        await _fixture.DisposeAsync();
    }

    [Fact]
    public void Build_Nothing_IsTheStorageItself() => Assert.Same(_probe, Builder().Build());

    [Fact]
    public void Features_AreThoseOfTheStorageBehind()
    {
        var storage = Builder().UseCache().UseConcurrencyLimit(1).Build();

        Assert.Same(storage, storage.GetFeature(typeof(IExpiringStorage)));
        Assert.Null(storage.GetFeature(typeof(IPrefixStorage)));
        Assert.Equal(TimeSpan.FromMilliseconds(1), ((IExpiringStorage)storage).TimeToLiveGranularity);
    }

    [Fact]
    public async Task Metrics_CountByOperation()
    {
        using var monitor = new ResourceMonitor();
        using var metrics = new MetricRecorder(monitor);
        var storage = Builder().UseMetrics("files", new ProviderMonitor(monitor)).Build();

        await storage.PutAsync("a", new byte[1]);
        await Assert.ThrowsAsync<StorageConflictException>(async () => await storage.DeleteAsync("a", "stale"));

        Assert.Equal(1, metrics.Sum("pepperpy_provider_operations_total{name=files,operation=put,success=true,type=storage}"));
        Assert.Equal(
            1, metrics.Sum("pepperpy_provider_operations_total{name=files,operation=delete,success=false,type=storage}"));
    }

    [Fact]
    public async Task Timeout_BoundsAllAttemptsTogether()
    {
        var storage = Builder().UseTimeout(new TimeoutOptions { Timeout = TimeSpan.FromSeconds(5) })
            .UseRetry(new RetryOptions
            {
                MaxAttempts = 100,
                InitialDelay = TimeSpan.FromSeconds(1),
                Jitter = false,
                ExponentialBase = 1
            })
            .Build();
        _probe.At = static _ => throw new IOException("no");

        var get = storage.GetAsync("a").AsTask();
        for (var second = 0; second < 5; second++)
        {
            Time.Advance(TimeSpan.FromSeconds(1));
        }

        await Assert.ThrowsAsync<ExecutionTimeoutException>(() => get.WaitAsync(Guard));
        Assert.InRange(_probe.Calls.Count, 1, 6);
    }

    [Fact]
    public async Task Retry_RepeatsWhatMayBeRepeated()
    {
        var storage = Builder(null).UseRetry(Quick()).Build();
        var failures = 0;
        _probe.At = asked => asked.Operation is "put" && failures++ < 2 ? throw new IOException("no") : 0;

        await storage.PutAsync("a", new byte[1]);
        Assert.Equal(3, _probe.Calls.Count);

        failures = 0;
        using var stream = new MemoryStream(new byte[5]);
        await Assert.ThrowsAsync<IOException>(async () => await storage.PutAsync("a", stream));
        Assert.Equal(4, _probe.Calls.Count);
    }

    [Fact]
    public async Task Retry_Conflict_IsTheAnswer()
    {
        var storage = Builder(null).UseRetry(Quick()).Build();
        await storage.PutAsync("a", new byte[1]);
        _probe.Calls.Clear();

        await Assert.ThrowsAsync<StorageConflictException>(
            async () => await storage.PutAsync("a", new byte[1], new StoragePutOptions { IfMatch = "stale" }));
        await Assert.ThrowsAsync<StorageKeyException>(async () => await storage.GetAsync(string.Empty));

        Assert.Equal(2, _probe.Calls.Count);
    }

    [Fact]
    public async Task Retry_GuardedWriteThatWasDoneUnseen_IsAConflictAndNotDoneTwice()
    {
        var storage = Builder(null).UseFaults(new StorageFaultOptions { FailAfter = 1 }).UseRetry(Quick()).Build();

        await Assert.ThrowsAsync<StorageConflictException>(
            async () => await storage.PutAsync("a", new byte[7], new StoragePutOptions { IfAbsent = true }));

        Assert.Equal(7, (await _provider.Storage!.StatAsync("a"))!.Size);
    }

    [Fact]
    public async Task ConcurrencyLimit_LetsSoManyIn()
    {
        var storage = Builder().UseConcurrencyLimit(2).Build();
        var gate = new TaskCompletionSource();
        _probe.Wait = gate.Task;

        var calls = Enumerable.Range(0, 5).Select(_ => storage.ExistsAsync("a").AsTask()).ToList();

        Assert.Equal(2, _probe.Calls.Count);
        gate.SetResult();
        await Task.WhenAll(calls).WaitAsync(Guard);
        Assert.Equal((5, 2), (_probe.Calls.Count, _probe.Most));
    }

    [Fact]
    public async Task Cache_ReadsOnceUntilAWriteOrItsAge()
    {
        var storage = Builder().UseCache(new StorageCacheOptions { MaxAge = TimeSpan.FromSeconds(5) }).Build();
        var first = await storage.PutAsync("a", new byte[10]);
        _probe.Calls.Clear();

        await ReadAsync(storage, "a");
        await ReadAsync(storage, "a");
        Assert.Equal(4, await ReadAsync(storage, "a", new StorageGetOptions { Range = StorageRange.Last(4) }));
        Assert.Equal(0, await ReadAsync(storage, "a", new StorageGetOptions { IfNoneMatch = first.ETag }));
        Assert.Equal(first.ETag, (await storage.StatAsync("a"))!.ETag);
        Assert.Single(_probe.Calls);

        await storage.PutAsync("a", new byte[20]);
        Assert.Equal(20, await ReadAsync(storage, "a"));
        await _provider.Storage!.PutAsync("a", new byte[30]);
        Assert.Equal(20, await ReadAsync(storage, "a"));
        Time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(30, await ReadAsync(storage, "a"));
        await storage.DeleteAsync("a");
        Assert.Null(await storage.GetAsync("a"));
    }

    [Fact]
    public async Task Cache_SlowRead_IsAsOldAsItsBeginning()
    {
        var storage = Builder().UseCache(new StorageCacheOptions { MaxAge = TimeSpan.FromSeconds(5) }).Build();
        await storage.PutAsync("a", new byte[1]);
        var gate = new TaskCompletionSource();
        _probe.AfterGet = gate.Task;
        var read = ReadAsync(storage, "a");
        await _provider.Storage!.PutAsync("a", new byte[2]);
        Time.Advance(TimeSpan.FromSeconds(4));
        gate.SetResult();
        Assert.Equal(1, await read.WaitAsync(Guard));

        Time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(2, await ReadAsync(storage, "a"));
    }

    [Fact]
    public async Task Cache_ReadThatBeganBeforeAWrite_IsNotKept()
    {
        var storage = Builder().UseCache().Build();
        await storage.PutAsync("a", new byte[1]);
        var gate = new TaskCompletionSource();
        _probe.AfterGet = gate.Task;
        var read = ReadAsync(storage, "a");
        await storage.PutAsync("a", new byte[2]);
        gate.SetResult();
        Assert.Equal(1, await read.WaitAsync(Guard));

        Assert.Equal(2, await ReadAsync(storage, "a"));
    }

    [Fact]
    public async Task Cache_IsBounded()
    {
        var storage = Builder().UseCache(new StorageCacheOptions { MaxBytes = 3000, MaxEntryBytes = 1000 }).Build();
        foreach (var key in (string[])["a", "b", "c", "large"])
        {
            await storage.PutAsync(key, new byte[key == "large" ? 1001 : 1000]);
            await ReadAsync(storage, key);
        }

        _probe.Calls.Clear();
        await ReadAsync(storage, "c");
        await ReadAsync(storage, "b");
        Assert.Empty(_probe.Calls);
        await ReadAsync(storage, "a");
        await ReadAsync(storage, "large");
        await ReadAsync(storage, "large");
        Assert.Equal(3, _probe.Calls.Count);
    }

    [Fact]
    public async Task Faults_AreTheSameForTheSameSeed()
    {
        var rows = new List<string>();
        foreach (var _ in Enumerable.Range(0, 2))
        {
            var storage = Builder().UseFaults(new StorageFaultOptions { FailBefore = 0.3, Seed = 7 }).Build();
            var row = string.Empty;
            for (var index = 0; index < 50; index++)
            {
                try
                {
                    await storage.ExistsAsync("a");
                    row += ".";
                }
                catch (IOException)
                {
                    row += "x";
                }
            }

            rows.Add(row);
        }

        Assert.Equal(rows[0], rows[1]);
        Assert.InRange(rows[0].Count(static one => one == 'x'), 5, 25);
    }

    [Fact]
    public void Options_Faults_AreTold()
    {
        Assert.Throws<ArgumentException>(() => Builder().UseFaults(new StorageFaultOptions { FailBefore = 2, Delay = -1 }));
        Assert.Throws<ArgumentException>(() => Builder().UseCache(new StorageCacheOptions { MaxAge = TimeSpan.Zero }));
        Assert.Throws<ArgumentOutOfRangeException>(() => Builder().UseConcurrencyLimit(0));
    }

    private static RetryOptions Quick() => new() { InitialDelay = TimeSpan.FromMilliseconds(1), Jitter = false };

    private StorageBuilder Builder() => new(_probe, Time);

    private StorageBuilder Builder(TimeProvider? time) => new(_probe, time);

    private static async Task<int> ReadAsync(IStorage storage, string key, StorageGetOptions? options = null)
    {
        await using var found = await storage.GetAsync(key, options);
        using var content = new MemoryStream();
        await found!.Content.CopyToAsync(content);
        return (int)content.Length;
    }

    /// <summary>Notes what comes through, and does with it what a test wants.</summary>
    private sealed class ProbeStorage(IStorage inner) : DelegatingStorage(inner)
    {
        private int _inside;

        public System.Collections.Concurrent.ConcurrentQueue<StorageCall> Calls { get; } = new();

        public Func<StorageCall, int>? At { get; set; }

        public Task Wait { get; set; } = Task.CompletedTask;

        public Task AfterGet { get; set; } = Task.CompletedTask;

        public int Most { get; private set; }

        protected override async ValueTask<TResult> RunAsync<TResult>(
            StorageCall asked, Func<CancellationToken, ValueTask<TResult>> work, CancellationToken cancellationToken)
        {
            Calls.Enqueue(asked);
            Most = Math.Max(Most, Interlocked.Increment(ref _inside));
            try
            {
                await Wait;
                At?.Invoke(asked);
                var result = await base.RunAsync(asked, work, cancellationToken);
                if (asked.Operation == "get")
                {
                    var after = AfterGet;
                    AfterGet = Task.CompletedTask;
                    await after;
                }

                return result;
            }
            finally
            {
                Interlocked.Decrement(ref _inside);
            }
        }
    }
}
