using Pepper.Resources.Testing;

namespace Pepper.Resources.Tests.Lifecycle;

public sealed class ResourceMetadataTests
{
    [Fact]
    public void Create_OnlyTheType_HasTheDefaults()
    {
        var metadata = new ResourceMetadata { Type = ResourceType.File };

        Assert.Matches("^[0-9a-f]{32}$", metadata.Id);
        Assert.Equal(ResourceType.File, metadata.Type);
        Assert.Equal("system", metadata.Owner);
        Assert.Null(metadata.TimeToLive);
        Assert.Empty(metadata.Labels);
        Assert.NotEqual(metadata.Id, new ResourceMetadata { Type = ResourceType.File }.Id);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("\t\n")]
    public void Create_BlankIdOrOwner_Throws(string text)
    {
        Assert.Equal("Id", Assert.Throws<ArgumentException>(() => Named(text)).ParamName);
        Assert.Equal("Owner", Assert.Throws<ArgumentException>(
            () => new ResourceMetadata { Type = ResourceType.File, Owner = text }).ParamName);
    }

    [Fact]
    public void Create_NullIdOwnerOrLabels_Throws()
    {
        Assert.Throws<ArgumentNullException>(() => Named(null!));
        Assert.Throws<ArgumentNullException>(() => new ResourceMetadata { Type = ResourceType.File, Owner = null! });
        Assert.Throws<ArgumentNullException>(() => new ResourceMetadata { Type = ResourceType.File, Labels = null! });
    }

    [Fact]
    public void Create_IdAtAndAboveTheLimit_IsTakenAndRefused()
    {
        Assert.Equal(ResourceMetadata.MaxIdLength, Named(new string('x', ResourceMetadata.MaxIdLength)).Id.Length);
        var refused = Assert.Throws<ArgumentException>(() => Named(new string('x', 257)));
        Assert.Contains("at most 256", refused.Message, StringComparison.Ordinal);
        Assert.Contains("has 257", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void Create_TimeToLiveOfZeroOrLess_Throws(long ticks)
    {
        var refused = Assert.Throws<ArgumentOutOfRangeException>(
            () => new ResourceMetadata { Type = ResourceType.File, TimeToLive = new TimeSpan(ticks) });
        Assert.Equal("TimeToLive", refused.ParamName);
    }

    [Fact]
    public void Create_Labels_AreACopy()
    {
        var labels = new Dictionary<string, string>(StringComparer.Ordinal) { ["env"] = "test" };
        var metadata = new ResourceMetadata { Type = ResourceType.File, Labels = labels };

        labels["env"] = "changed";
        labels["more"] = "x";

        Assert.Equal([KeyValuePair.Create("env", "test")], metadata.Labels);
    }

    [Fact]
    public void CreatedAt_NotGiven_IsWhenItsResourceWasMade()
    {
        var time = new ManualTimeProvider();
        time.Advance(TimeSpan.FromMinutes(3));

        Assert.Equal(time.GetUtcNow(), new ProbeResource(Named("a"), time).Metadata.CreatedAt);
        var given = new DateTimeOffset(2020, 1, 2, 3, 4, 5, TimeSpan.Zero);
        Assert.Equal(given, new ProbeResource(Named("a") with { CreatedAt = given }, time).Metadata.CreatedAt);
    }

    [Fact]
    public void Labels_OfTypes_AreLowerCaseNames() =>
        Assert.All(Enum.GetValues<ResourceType>(), type => Assert.Equal(type.ToString().ToLowerInvariant(), type.ToLabel()));

    private static ResourceMetadata Named(string id) => new() { Id = id, Type = ResourceType.File };
}
