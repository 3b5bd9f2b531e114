using Pepper.Cli.Demo;

namespace Pepper.IntegrationTests.Cli;

public sealed class DurationsTests
{
    [Theory]
    [InlineData("500ms", 500)]
    [InlineData("20s", 20_000)]
    [InlineData("1.5s", 1_500)]
    [InlineData("2m", 120_000)]
    [InlineData("1h", 3_600_000)]
    public void TryParse_NumberWithUnit_IsThatTime(string text, int milliseconds)
    {
        Assert.True(Durations.TryParse(text, out var duration));
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), duration);
    }

    [Theory]
    [InlineData("")]
    [InlineData("s")]
    [InlineData("20")]
    [InlineData("-1s")]
    [InlineData("1 s")]
    [InlineData("1S")]
    [InlineData("1,5s")]
    [InlineData("1d")]
    [InlineData("NaNs")]
    public void TryParse_AnythingElse_IsRefused(string text) => Assert.False(Durations.TryParse(text, out _));

    [Fact]
    public void TryParse_MoreThanATimeSpanHolds_IsStillANumber()
    {
        Assert.True(Durations.TryParse("99999999999999999999h", out var duration));
        Assert.True(duration > TimeSpan.FromHours(24));
    }

    [Theory]
    [InlineData(0, "0 ms")]
    [InlineData(42, "0.04 ms")]
    [InlineData(4_123, "4.1 ms")]
    [InlineData(9_960, "10 ms")]
    [InlineData(1_234_000, "1,234 ms")]
    public void Milliseconds_Time_HasAFewDigits(int microseconds, string text) =>
        Assert.Equal(text, Durations.Milliseconds(TimeSpan.FromMicroseconds(microseconds)));
}
