using Pepper.Resources.Recovery;
using Pepper.Resources.Tests.Lifecycle;

namespace Pepper.Resources.Tests.Registry;

/// <summary>A manager that makes its resource itself, by a workshop that the test can close.</summary>
public abstract class HealingTest : ManagerTest
{
    private protected const string Id = "scale";

    private protected static TimeSpan Break { get; } = TimeSpan.FromSeconds(1);

    private protected Workshop Shop => field ??= new Workshop(Id, Time);

    private protected RegisteredResource Row => Manager.GetResources().Single();

    private protected CircuitState State => Row.Circuit!.State;

    /// <summary>Breaks are as long as they are said to be.</summary>
    private protected static FactoryRecoveryOptions Plain(Action<FactoryRecoveryOptions>? set = null)
    {
        var options = new FactoryRecoveryOptions();
        options.Circuit.ResetTimeoutJitter = 0;
        set?.Invoke(options);
        return options;
    }

    private protected Task RegisterAsync(Action<FactoryRecoveryOptions>? set = null) =>
        Manager.RegisterAsync(Id, Shop.MakeAsync, Plain(set));

    private protected ValueTask<Lease<ProbeResource>> LendAsync(CancellationToken cancellationToken = default) =>
        Manager.AcquireAsync<ProbeResource>(Id, cancellationToken);

    private protected async Task BreakAsync()
    {
        await using var lease = await LendAsync().AsTask().WaitAsync(Guard);
        lease.Invalidate(new IOException("cable cut"));
    }

    /// <summary>What becomes of a caller who asks now.</summary>
    private protected async Task<Exception> FailureAsync() =>
        await Assert.ThrowsAnyAsync<ResourceException>(async () => await LendAsync().AsTask().WaitAsync(Guard));

    /// <summary>Has the resource broken, and each attempt fail until the circuit opens.</summary>
    private protected async Task OpenAsync(Action<FactoryRecoveryOptions>? set = null)
    {
        await RegisterAsync(set);
        Shop.Failure = new IOException("no such device");
        await BreakAsync();
        for (var attempt = 1; attempt < 5; attempt++)
        {
            var pause = 100 << (attempt - 1);
            await UntilRestsAsync(attempt + 1, pause);
            Time.Advance(TimeSpan.FromMilliseconds(pause));
        }

        await UntilRestsAsync(6, 1000);
        Assert.Equal(CircuitState.Open, State);
    }

    /// <summary>
    /// Until so many have been asked of the workshop, all but the first in vain, and the next is due after that time.
    /// </summary>
    private protected Task UntilRestsAsync(int asked, int milliseconds) => UntilAsync(() =>
        Shop.Asked == asked && Log.Entries.Count(static entry => entry.Id == 1007) == asked - 1
        && Time.NextTimerDue == TimeSpan.FromMilliseconds(milliseconds));

    private protected Task UntilTimerIsSetAsync(int seconds) =>
        UntilAsync(() => Time.NextTimerDue == TimeSpan.FromSeconds(seconds));
}
