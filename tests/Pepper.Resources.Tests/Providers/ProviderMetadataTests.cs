using Pepper.Resources.Providers;

namespace Pepper.Resources.Tests.Providers;

public sealed class ProviderMetadataTests
{
    [Fact]
    public void Defaults_AreEmpty()
    {
        var metadata = new ProviderMetadata { Name = "a", Type = ProviderType.Custom };

        Assert.Equal((string.Empty, "1.0"), (metadata.Description, metadata.Version));
        Assert.Empty(metadata.Capabilities);
        Assert.Empty(metadata.DependsOn);
        Assert.Empty(metadata.Labels);
    }

    [Fact]
    public void Collections_AreCopied()
    {
        var capabilities = new HashSet<string> { "store" };
        var labels = new Dictionary<string, string> { ["env"] = "test" };
        var metadata = new ProviderMetadata
        {
            Name = "a",
            Type = ProviderType.Custom,
            Capabilities = capabilities,
            Labels = labels,
            DependsOn = capabilities,
        };
        capabilities.Add("retrieve");
        labels["env"] = "production";

        Assert.Equal(["store"], metadata.Capabilities);
        Assert.Equal(["store"], metadata.DependsOn);
        Assert.Equal("test", metadata.Labels["env"]);
    }

    [Fact]
    public void Name_Unusable_IsRefused()
    {
        Assert.ThrowsAny<ArgumentException>(() => new ProviderMetadata { Name = " ", Type = ProviderType.Custom });
        Assert.ThrowsAny<ArgumentException>(
            () => new ProviderMetadata { Name = new string('x', 129), Type = ProviderType.Custom });
        Assert.Equal(128, new ProviderMetadata { Name = new string('x', 128), Type = ProviderType.Custom }.Name.Length);
        Assert.ThrowsAny<ArgumentException>(
            () => new ProviderMetadata { Name = "a", Type = ProviderType.Custom, Capabilities = null! });
    }
}
