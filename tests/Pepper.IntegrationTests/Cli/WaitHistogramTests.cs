using Pepper.Cli.Demo;

namespace Pepper.IntegrationTests.Cli;

public sealed class WaitHistogramTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Percentile_ManyWaits_IsThatOfTheSortedWaitsButFor1In16(int seed)
    {
        var random = new Random(seed);
        var histogram = new WaitHistogram();

        // From a microsecond to a hundred seconds, as many in each decade.
        var waits = Enumerable.Range(0, 10_000)
            .Select(_ => TimeSpan.FromMicroseconds(Math.Pow(10, random.NextDouble() * 8))).ToList();
        waits.ForEach(histogram.Add);
        waits.Sort();

        var read = histogram.Read();

        Assert.Equal(10_000, read.Count);
        foreach (var share in (double[])[0.001, 0.5, 0.95, 0.99, 0.999, 1])
        {
            var exact = waits[(int)Math.Ceiling(share * waits.Count) - 1];
            Assert.InRange(read.Percentile(share), exact - TimeSpan.FromTicks(1), exact * (17.0 / 16));
        }
    }

    [Fact]
    public void Percentile_NoWaits_IsZero() => Assert.Equal(TimeSpan.Zero, new WaitHistogram().Read().Percentile(0.99));

    [Fact]
    public void Add_BeyondBothEnds_IsCountedAtThem()
    {
        var histogram = new WaitHistogram();
        histogram.Add(TimeSpan.FromTicks(-5));
        histogram.Add(TimeSpan.MaxValue);

        var read = histogram.Read();

        Assert.Equal(2, read.Count);
        Assert.Equal(TimeSpan.Zero, read.Percentile(0.5));
        Assert.InRange(read.Percentile(1), TimeSpan.FromMinutes(50), TimeSpan.FromMinutes(60));
    }

    [Fact]
    public void Since_EarlierMoment_HasOnlyWhatCameLater()
    {
        var histogram = new WaitHistogram();
        histogram.Add(TimeSpan.FromSeconds(1));
        var earlier = histogram.Read();
        histogram.Add(TimeSpan.FromMilliseconds(1));

        var since = histogram.Read().Since(earlier);

        Assert.Equal(1, since.Count);
        Assert.InRange(since.Percentile(1), TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(1.07));
    }

    [Fact]
    public async Task Add_FromManyThreads_LosesNone()
    {
        var histogram = new WaitHistogram();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
        {
            for (var index = 0; index < 10_000; index++)
            {
                histogram.Add(TimeSpan.FromTicks(100));
            }
        }))).WaitAsync(TimeSpan.FromSeconds(30));

        Assert.Equal(80_000, histogram.Read().Count);
    }
}
