using Pepper.Resources.Providers;

namespace Pepper.Resources.Tests.Providers;

/// <summary>Requirement 084.8; what management and such a start take is measured by the benchmark <c>providers</c>.</summary>
public sealed class ProviderStartTests : ProviderManagerTest
{
    [Fact]
    public async Task RegisterAll_HundredThatDependOnNothing_AreAllInitializingAtOnce()
    {
        const int Count = 100;
        var (started, allStarted) = (0, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        var config = new TestConfig
        {
            At = (_, stage, token) =>
            {
                if (stage != ProviderStage.Initialize)
                {
                    return Task.CompletedTask;
                }

                if (Interlocked.Increment(ref started) == Count)
                {
                    allStarted.SetResult();
                }

                return allStarted.Task.WaitAsync(token);
            },
        };

        await Manager.RegisterAllAsync(
            [.. Enumerable.Range(0, Count).Select(number => ProviderRegistration.Of(TestProvider.New($"p{number}", config)))])
            .WaitAsync(TimeSpan.FromSeconds(30));

        Assert.Equal(Count, Manager.GetProvidersByType(ProviderType.Custom).Count);
    }
}
