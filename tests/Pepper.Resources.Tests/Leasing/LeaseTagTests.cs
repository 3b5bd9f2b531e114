namespace Pepper.Resources.Tests.Leasing;

public sealed class LeaseTagTests
{
    [Fact]
    public async Task Use_WithinAnother_TakesItsPlaceUntilItsEnd()
    {
        Assert.Null(LeaseTag.Current);
        using (var outer = LeaseTag.Use("orders"))
        {
            using (LeaseTag.Use("orders: nightly"))
            {
                await Task.Yield();
                Assert.Equal("orders: nightly", LeaseTag.Current);
            }

            Assert.Equal("orders", LeaseTag.Current);
            Assert.Equal("orders", outer.Text);
            outer.Dispose();
            Assert.Null(LeaseTag.Current);
        }

        Assert.Null(LeaseTag.Current);
    }

    [Fact]
    public void Dispose_OuterBeforeInner_LeavesTheInnerAndThenNone()
    {
        var outer = LeaseTag.Use("outer");
        var inner = LeaseTag.Use("inner");

        outer.Dispose();
        Assert.Equal("inner", LeaseTag.Current);
        inner.Dispose();

        Assert.Null(LeaseTag.Current);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(" ")]
    public void Use_NoText_IsRefused(string? text) => Assert.ThrowsAny<ArgumentException>(() => LeaseTag.Use(text!));
}
