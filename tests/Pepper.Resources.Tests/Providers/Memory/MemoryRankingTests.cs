using Pepper.Resources.Providers;

namespace Pepper.Resources.Tests.Providers.Memory;

/// <summary>The pure parts of a search: vectors, ranks, metadata.</summary>
public sealed class MemoryRankingTests
{
    [Fact]
    public void Dot_OfAnyLength_IsTheSumOfProducts()
    {
        var random = new Random(3);
        for (var length = 0; length < 70; length++)
        {
            float[] left = [.. Enumerable.Range(0, length).Select(_ => random.NextSingle() - 0.5f)];
            float[] right = [.. Enumerable.Range(0, length).Select(_ => random.NextSingle() - 0.5f)];
            var expected = left.Zip(right).Sum(static pair => (double)pair.First * pair.Second);

            Assert.Equal(expected, MemoryVectors.Dot(left, right), 1e-5);
            Assert.Equal(expected, MemoryVectors.Dot(left, MemoryVectors.ToBytes(right)), 1e-5);
        }

        Assert.Throws<ArgumentException>(() => MemoryVectors.Dot([1f], [1f, 2f]));
        Assert.Throws<ArgumentException>(() => MemoryVectors.Dot([1f], [0, 0, 0, 0, 0, 0, 0, 0]));
    }

    [Fact]
    public void ToUnit_HasLengthOne_AlsoOfTheVeryLargeAndSmall()
    {
        foreach (var scale in new[] { 1e-30f, 1, 1e30f })
        {
            Assert.Equal([0.6f, 0.8f], MemoryVectors.ToUnit([3 * scale, 4 * scale]).Select(static x => MathF.Round(x, 5)));
        }

        Assert.Equal([0f, 0f], MemoryVectors.ToUnit([0, 0]));
        Assert.Throws<ArgumentException>(() => MemoryVectors.ToUnit([1, float.NaN]));
    }

    [Fact]
    public void ToBytes_IsLittleEndian() => Assert.Equal([0, 0, 128, 63, 0, 0, 0, 192], MemoryVectors.ToBytes([1f, -2f]));

    [Fact]
    public void Ranks_KeepTheBest_TheLesserIdFirst()
    {
        var random = new Random(5);
        MemoryRank[] all = [.. Enumerable.Range(0, 500).Select(id => new MemoryRank(id, random.Next(40)))];
        foreach (var capacity in new[] { 0, 1, 17, 500, 1000 })
        {
            var ranks = new MemoryRanks(capacity);
            foreach (var rank in all)
            {
                ranks.Add(rank.Id, rank.Score);
            }

            Assert.Equal(all.OrderByDescending(static one => one.Score).ThenBy(static one => one.Id).Take(capacity),
                ranks.ToList());
        }
    }

    [Fact]
    public void Fuse_SumsReciprocalRanks()
    {
        var fused = new MemoryFusion().Fuse([new(1, 9), new(2, 8)], [new(2, 0.5), new(3, 0.1)]);

        Assert.Equal([2, 1, 3], fused.Select(static one => one.Id));
        Assert.Equal((1.0 / 62) + (1.0 / 61), fused[0].Score, 1e-12);
    }

    [Fact]
    public void Fuse_WithWeightsAndAConstant_CountsThem()
    {
        var fusion = new MemoryFusion(new MemoryFusionOptions { RankConstant = 9, TextWeight = 3, VectorWeight = 0 });

        var fused = fusion.Fuse([new(1, 9)], [new(2, 8)]);

        Assert.Equal([new MemoryRank(1, 0.3), new MemoryRank(2, 0)], fused);
    }

    [Fact]
    public void Telling_LeavesCommonWordsOut_UnlessTheyAreAllThereIs()
    {
        static IReadOnlyList<long> Telling(double share, long texts, params long[] counts) =>
            new MemoryFusion(new MemoryFusionOptions { CommonWordShare = share }).Telling(counts, static one => one, texts);

        Assert.Equal([25, 0], Telling(0.25, 100, 26, 25, 100, 0));
        Assert.Equal([26, 100], Telling(0.25, 100, 26, 100));
        Assert.Equal([10, 3], Telling(0.25, 12, 10, 11, 3));
        Assert.Equal([100, 1], Telling(1, 100, 100, 1));
        Assert.Equal([1], Telling(0, 100, 100, 1));
        Assert.Empty(Telling(0.25, 100));
    }

    [Fact]
    public void Fusion_OptionsThatAreNone_NamesAllFaults()
    {
        var options = new MemoryStoreOptions
        {
            Fusion = new() { RankConstant = 0, TextWeight = -1, VectorWeight = double.NaN, CommonWordShare = 1.5 },
        };

        var failure = Assert.Throws<ArgumentException>(() => new InProcessMemoryStore(options));

        Assert.All(
            ["RankConstant is 0", "TextWeight is -1", "VectorWeight is NaN", "CommonWordShare is 1.5"],
            fault => Assert.Contains(fault, failure.Message, StringComparison.Ordinal));
        Assert.Contains("both 0", Assert.Single(new MemoryFusionOptions { TextWeight = 0, VectorWeight = 0 }.GetFaults()),
            StringComparison.Ordinal);
        Assert.Equal(["Fusion is null."], new MemoryStoreOptions { Fusion = null! }.GetFaults());
    }

    [Fact]
    public void Options_ChangedAfterwards_ChangeNothing()
    {
        var options = new MemoryStoreOptions();
        var copy = options.Copy();

        options.Fusion.RankConstant = 1;

        Assert.Equal(60, copy.Fusion.RankConstant);
    }

    [Fact]
    public void WindowOf_APageFarOut_DoesNotOverflow() => Assert.Equal(
        int.MaxValue, MemoryRanks.WindowOf(new MemorySearch { Ranking = MemoryRanking.Text, Offset = int.MaxValue, Limit = 10 }));

    [Fact]
    public void Metadata_ThroughJson_IsTheSame()
    {
        Dictionary<string, MemoryField> metadata = new(StringComparer.Ordinal)
        {
            ["a\"b"] = "x\\y\n😀",
            ["n"] = 0.1,
            ["tiny"] = double.Epsilon,
            ["yes"] = true,
            ["no"] = false,
            ["" + '\u2028'] = "",
        };

        var back = MemoryMetadata.FromJson(MemoryMetadata.ToJson(metadata));

        Assert.Equal(metadata.OrderBy(static one => one.Key), back.OrderBy(static one => one.Key));
        Assert.Empty(MemoryMetadata.FromJson("{}"));
        Assert.Throws<System.Text.Json.JsonException>(() => MemoryMetadata.FromJson("""{"a":null}"""));
    }

    [Fact]
    public void Field_TellsItsKind_AndRefusesAnother()
    {
        MemoryField text = "a", number = 1.5, truth = true;

        Assert.Equal(("a", 1.5, true), (text.AsText(), number.AsNumber(), truth.AsBoolean()));
        Assert.Equal("a 1.5 true", $"{text} {number} {truth}");
        Assert.Contains("Number", Assert.Throws<InvalidOperationException>(() => text.AsNumber()).Message,
            StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => number.AsBoolean());
        Assert.Throws<InvalidOperationException>(() => truth.AsText());
        Assert.Throws<ArgumentOutOfRangeException>(() => MemoryField.FromNumber(double.NaN));
        Assert.Throws<ArgumentException>(() => MemoryField.FromText(new string('x', 4097)));
        Assert.Equal("", default(MemoryField).AsText());
        Assert.True(text != number && text.CompareTo(number) is null && truth.CompareTo(false) is null
            && truth.CompareTo(true) == 0);
    }

    [Fact]
    public void Options_ThatAreFaulty_AreListedAllAtOnce()
    {
        var options = new MemoryStoreOptions { DefaultTimeToLive = TimeSpan.Zero, SweepInterval = TimeSpan.Zero };

        var failure = Assert.Throws<ArgumentException>(() => new InProcessMemoryStore(options));

        Assert.Contains("DefaultTimeToLive", failure.Message, StringComparison.Ordinal);
        Assert.Contains("SweepInterval", failure.Message, StringComparison.Ordinal);
    }
}
