namespace Pepper.Resources.Tests.Leasing;

public sealed class LeaseInfoTests
{
    [Theory]
    [InlineData("/builds/src/Orders.cs", "Orders.cs")]
    [InlineData(@"C:\build\src\Orders.cs", "Orders.cs")]
    [InlineData("Orders.cs", "Orders.cs")]
    public void From_Path_KeepsTheFileNameOnly(string path, string file) =>
        Assert.Equal(new CallSite("Load", file, 7), CallSite.From("Load", path, 7));

    [Fact]
    public void ToString_CallSites_NameMemberFileAndLine()
    {
        Assert.Equal("Load (Orders.cs:7)", new CallSite("Load", "Orders.cs", 7).ToString());
        Assert.Equal("unknown", CallSite.From(null, null, 0).ToString());
        Assert.Equal("Load", CallSite.From("Load", null, 0).ToString());
        Assert.Equal("unknown", default(CallSite).ToString());
    }

    [Theory]
    [InlineData(null, "Load (Orders.cs:7), for 1.5 s")]
    [InlineData("abc", "Load (Orders.cs:7), for 1.5 s, trace abc")]
    public void ToString_Info_IsOneLine(string? trace, string expected)
    {
        var info = new LeaseInfo
        {
            Source = "orders",
            CallSite = new CallSite("Load", "Orders.cs", 7),
            Age = TimeSpan.FromSeconds(1.5),
            Since = default,
            TraceId = trace,
        };

        Assert.Equal(expected, info.ToString());
    }
}
