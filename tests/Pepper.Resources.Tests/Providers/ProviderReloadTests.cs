using System.Collections.Concurrent;
using Pepper.Resources.Providers;

namespace Pepper.Resources.Tests.Providers;

/// <summary>Reloads: by a swap, in place, under load.</summary>
public sealed class ProviderReloadTests : ProviderManagerTest
{
    private readonly ConcurrentQueue<TestProvider> _made = new();
    private TestConfig _config = new();

    [Fact]
    public async Task Reload_Factory_NewServesAtOnceAndOldEndsWithItsHolder()
    {
        await RegisterAsync();
        var old = await Manager.AcquireAsync<TestProvider>("a");
        _config = new TestConfig();

        var reload = Manager.ReloadProviderAsync("a");

        await UntilAsync(() => Manager.GetProvider("a") != old.Resource);
        using (var lease = await Manager.AcquireAsync<TestProvider>("a"))
        {
            Assert.Same(_config, lease.Resource.Config);
            Assert.Equal(ProviderState.Running, lease.Resource.State);
        }

        await UntilAsync(() => old.Resource.State == ProviderState.Draining);
        Assert.True(old.Resource.IsInitialized);
        Assert.False(reload.IsCompleted);
        var first = old.Resource;
        old.Dispose();
        await reload.WaitAsync(Guard);
        Assert.Equal((1, ProviderState.Stopped), (first.Cleanups, first.State));
    }

    [Theory]
    [InlineData(ProviderStage.Validate)]
    [InlineData(ProviderStage.Initialize)]
    [InlineData(ProviderStage.HealthCheck)]
    public async Task Reload_StageFails_OldGoesOn(ProviderStage stage)
    {
        await RegisterAsync();
        var old = Manager.GetProvider("a");
        _config = new TestConfig { At = (_, at, _) => FailAt(stage, at) };

        var failure = await Assert.ThrowsAsync<ProviderStageException>(() => Manager.ReloadProviderAsync("a"));

        Assert.Equal(stage, failure.Stage);
        Assert.Same(old, Manager.GetProvider("a"));
        Assert.Equal(ProviderState.Running, StateOf("a"));
        Assert.Equal(ProviderState.Running, old!.State);
        (await Manager.AcquireAsync<IProvider>("a")).Dispose();
        Assert.True(Log.Has(1702, "Failed to reload provider a"));
        Assert.All(_made.Where(one => one != old), static one => Assert.False(one.IsInitialized));
    }

    [Fact]
    public async Task Reload_ConfigurationFaultyOrBuildFails_OldGoesOn()
    {
        await RegisterAsync();
        var old = Manager.GetProvider("a");
        _config = new TestConfig { Fault = "Size is 0." };
        var failure = await Assert.ThrowsAsync<ProviderStageException>(() => Manager.ReloadProviderAsync("a"));
        Assert.Contains("Size is 0.", failure.Message, StringComparison.Ordinal);
        Assert.Single(_made);

        _config = null!;
        Assert.Equal(
            ProviderStage.Validate, (
                await Assert.ThrowsAsync<ProviderStageException>(() => Manager.ReloadProviderAsync("a"))).Stage);
        Assert.Same(old, Manager.GetProvider("a"));
    }

    [Fact]
    public async Task Reload_CleanupOfTheOldFails_NewServesAndTheOldIsTriedAgain()
    {
        _config = new TestConfig { At = (_, stage, _) => FailAt(ProviderStage.Cleanup, stage) };
        await RegisterAsync();
        var faulty = _config;
        _config = new TestConfig();

        var failure = await Assert.ThrowsAsync<ProviderStageException>(() => Manager.ReloadProviderAsync("a"));

        Assert.Equal(ProviderStage.Cleanup, failure.Stage);
        Assert.Equal(ProviderState.Running, StateOf("a"));
        Assert.Same(_config, ((TestProvider)Manager.GetProvider("a")!).Config);
        await Assert.ThrowsAsync<ProviderStageException>(() => Manager.UnregisterAsync("a"));
        Assert.Equal(ProviderState.Failed, StateOf("a"));
        faulty.At = null;
        await Manager.UnregisterAsync("a");
        Assert.All(_made, static one => Assert.Equal(1, one.Cleanups));
    }

    [Fact]
    public async Task Reload_ToNotEnabled_StopsServing()
    {
        await RegisterAsync();
        _config = new TestConfig { Enabled = false };

        await Manager.ReloadProviderAsync("a");

        Assert.Equal(ProviderState.Created, StateOf("a"));
        await Assert.ThrowsAsync<ProviderUnavailableException>(async () => await Manager.AcquireAsync<IProvider>("a"));
        Assert.Equal(1, _made.First().Cleanups);
        _config = new TestConfig();
        await Manager.ReloadProviderAsync("a");
        (await Manager.AcquireAsync<IProvider>("a")).Dispose();
    }

    [Fact]
    public async Task Reload_InPlace_HoldersEndFirstAndOthersWait()
    {
        var config = new TestConfig();
        var provider = TestProvider.New("a", config);
        await Manager.RegisterAsync(provider);
        var held = await Manager.AcquireAsync<IProvider>("a");
        config.Notes.Clear();

        var reload = Manager.ReloadProviderAsync("a");
        await UntilAsync(() => provider.State == ProviderState.Draining);
        var acquire = Manager.AcquireAsync<IProvider>("a").AsTask();

        Assert.Equal(["Validate a"], config.Notes);
        Assert.False(acquire.IsCompleted);
        held.Dispose();
        await reload.WaitAsync(Guard);
        using var lease = await acquire.WaitAsync(Guard);
        Assert.Same(provider, lease.Resource);
        Assert.Equal(["Validate a", "Cleanup a", "Initialize a", "HealthCheck a"], config.Notes);
    }

    [Fact]
    public async Task Reload_InPlaceFails_IsFailedUntilOneSucceeds()
    {
        var config = new TestConfig();
        await Manager.RegisterAsync(TestProvider.New("a", config));
        config.At = (_, stage, _) => FailAt(ProviderStage.Initialize, stage);

        await Assert.ThrowsAsync<ProviderStageException>(() => Manager.ReloadProviderAsync("a"));

        Assert.Equal(ProviderState.Failed, StateOf("a"));
        await Assert.ThrowsAsync<ProviderUnavailableException>(async () => await Manager.AcquireAsync<IProvider>("a"));
        config.At = null;
        await Manager.ReloadProviderAsync("a");
        (await Manager.AcquireAsync<IProvider>("a")).Dispose();
    }

    [Fact]
    public async Task Reload_InPlaceHeldTooLong_GoesOnAsItWas()
    {
        var provider = TestProvider.New("a");
        await Manager.RegisterAsync(provider);
        var first = await Manager.AcquireAsync<IProvider>("a");
        var reload = Manager.ReloadProviderAsync("a");
        await UntilAsync(() => provider.State == ProviderState.Draining && Time.ActiveTimers > 0);
        Time.Advance(TimeSpan.FromSeconds(30));
        await Assert.ThrowsAsync<ResourceBusyException>(() => reload.WaitAsync(Guard));

        var second = await Manager.AcquireAsync<IProvider>("a");
        var end = Manager.UnregisterAsync("a");
        second.Dispose();
        await UntilAsync(() => provider.State == ProviderState.Draining);
        Assert.False(end.IsCompleted);
        Assert.Equal(0, provider.Cleanups);
        first.Dispose();
        await end.WaitAsync(Guard);
        Assert.Equal(1, provider.Cleanups);
    }

    [Fact]
    public async Task Unregister_DuringAReload_CleansUpBoth()
    {
        await RegisterAsync();
        var starts = new TaskCompletionSource();
        _config = new TestConfig
        {
            At = (_, stage, _) => stage == ProviderStage.Initialize ? starts.Task : Task.CompletedTask,
        };
        var reload = Manager.ReloadProviderAsync("a");
        await UntilAsync(() => _config.Notes.Contains("Initialize a"));

        var end = Manager.UnregisterAsync("a");
        starts.SetResult();

        await reload.WaitAsync(Guard);
        await end.WaitAsync(Guard);
        Assert.Equal(2, _made.Count);
        Assert.All(_made, static one => Assert.Equal(1, one.Cleanups));
        Assert.Equal(0, Manager.Count);
    }

    [Fact]
    public async Task Reload_TwoAtOnce_TakeTurns()
    {
        await RegisterAsync();
        var running = 0;
        _config = new TestConfig
        {
            At = async (_, stage, _) =>
            {
                if (stage == ProviderStage.Initialize)
                {
                    Assert.Equal(1, Interlocked.Increment(ref running));
                    await Task.Yield();
                    Interlocked.Decrement(ref running);
                }
            },
        };

        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Manager.ReloadProviderAsync("a"))).WaitAsync(Guard);

        Assert.Equal(9, _made.Count);
        Assert.Equal(8, _made.Count(static one => one.Cleanups == 1));
    }

    /// <summary>
    /// Sixty reloads under sixteen clients: ten succeed throughout, and ten fail at each of validation, build, initialisation,
    /// health check and cleanup of the old one.
    /// </summary>
    [Fact]
    public async Task Reload_UnderLoad_NoOperationFailsOrSpansTwo()
    {
        ProviderStage? failing = null;
        await using var manager = new ProviderManager(
            new ProviderManagerOptions(), monitor: new ProviderMonitor(new ResourceMonitor()));
        var isBroken = new ConcurrentDictionary<TestProvider, bool>();
        await manager.RegisterAsync(
            TestProvider.Describe("a"),
            () => new TestConfig
            {
                Fault = failing == ProviderStage.Validate ? "made to fail" : null,
                At = (provider, stage, _) => stage == ProviderStage.Cleanup
                    ? isBroken.TryRemove(provider, out var _) ? throw new IOException("made to fail") : Task.CompletedTask
                    : stage == failing ? throw new IOException("made to fail") : Task.CompletedTask,
            },
            config =>
            {
                var provider = failing == ProviderStage.Build ? throw new IOException(
                    "made to fail") : TestProvider.New("a", config);
                _made.Enqueue(provider);
                return provider;
            });
        using var stop = new CancellationTokenSource();
        var operations = 0L;
        var clients = Enumerable.Range(0, 16).Select(_ => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                using var lease = await manager.AcquireAsync<TestProvider>("a");
                var number = lease.Resource.Number;
                await lease.Resource.UseAsync();
                Assert.Equal(number, lease.Resource.Number);
                Interlocked.Increment(ref operations);
            }
        })).ToList();

        var failures = await ReloadAsync(manager, isBroken, stage => failing = stage, () => Interlocked.Read(ref operations));

        await stop.CancelAsync();
        await Task.WhenAll(clients).WaitAsync(Guard);
        await manager.UnregisterAsync("a").WaitAsync(Guard);
        Assert.Equal(50, failures);
        Assert.All(_made, static one => Assert.False(one.IsInitialized));
        Assert.Equal(_made.Count(static one => one.Config.Notes.Contains("Initialize a")), _made.Sum(static one => one.Cleanups));
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"60 reloads, 50 failed (10 at each of 5 stages), {operations} operations of 16 clients, none failed; "
            + $"{_made.Count} providers made, {_made.Sum(static one => one.Cleanups)} cleaned up");
    }

    private static async Task<int> ReloadAsync(
        ProviderManager manager, ConcurrentDictionary<TestProvider, bool> isBroken, Action<ProviderStage?> fail,
        Func<long> progress)
    {
        var failures = 0;
        ProviderStage?[] stages =
        [
            null, ProviderStage.Validate, ProviderStage.Build, ProviderStage.Initialize, ProviderStage.HealthCheck,
            ProviderStage.Cleanup,
        ];
        for (var round = 0; round < 60; round++)
        {
            var stage = stages[round % stages.Length];
            if (stage == ProviderStage.Cleanup)
            {
                isBroken[(TestProvider)manager.GetProvider("a")!] = true;
            }

            fail(stage == ProviderStage.Cleanup ? null : stage);
            var before = progress();
            try
            {
                await manager.ReloadProviderAsync("a").WaitAsync(Guard);
                Assert.Null(stage);
            }
            catch (ProviderStageException failure)
            {
                Assert.Equal(stage, failure.Stage);
                failures++;
            }

            while (progress() < before + 50)
            {
                await Task.Yield();
            }
        }

        return failures;
    }

    private Task RegisterAsync() => Manager.RegisterAsync(TestProvider.Describe("a"), () => _config, config =>
    {
        var provider = TestProvider.New("a", config);
        _made.Enqueue(provider);
        return provider;
    });
}
