using Pepper.Resources.Testing;

namespace Pepper.Tests;

/// <summary>The kit as a whole on a storage, and the race of its writers at full length.</summary>
public abstract class StorageKitTests<TFixture>
    where TFixture : ProviderFixture, new()
{
    protected virtual TFixture NewFixture() => new();

    [Fact]
    public async Task Run_TheKit_PassesAndReports()
    {
        var report = await ProviderConformance.RunAsync(NewFixture, TestContext.Current.CancellationToken);

        TestContext.Current.TestOutputHelper?.WriteLine(report.ToString());
        Assert.True(report.IsPassed, report.ToString());
        Assert.Contains("storage", report.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task TwoWriters_ThousandRounds_ExactlyOneWinsEach()
    {
        var started = TimeProvider.System.GetTimestamp();

        await new StorageConformance(NewFixture) { Rounds = 1000 }.RunAsync("TwoWriters_OneETag_ExactlyOneWins");

        TestContext.Current.TestOutputHelper?.WriteLine($"{typeof(TFixture).Name}: 1000 rounds, one winner in each, "
            + $"{TimeProvider.System.GetElapsedTime(started)}");
    }
}
