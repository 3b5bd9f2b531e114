namespace Pepper.Resources.Tests.Lifecycle;

public sealed class ResourceExceptionsTests
{
    private static readonly InvalidOperationException Cause = new("the cause");

    public static TheoryData<ResourceException, ResourceType?, bool> All() => new()
    {
        { new ResourceException("what", "id", ResourceType.Socket, Cause), ResourceType.Socket, true },
        { new ResourceNotFoundException("what", "id"), null, false },
        { new DuplicateResourceException("what", "id", ResourceType.Socket), ResourceType.Socket, false },
        { new ResourceInitializationException("what", "id", ResourceType.Socket, Cause), ResourceType.Socket, true },
        { new ResourceCleanupException("what", "id", ResourceType.Socket, Cause), ResourceType.Socket, true },
        { new ResourceBusyException("what", [], "id", ResourceType.Socket), ResourceType.Socket, false },
        {
            new ResourceTimeoutException("what", ResourceStage.Create, TimeSpan.FromSeconds(1), "id", ResourceType.Socket, Cause),
            ResourceType.Socket, true
        },
    };

    [Theory]
    [MemberData(nameof(All))]
    public void Create_EachException_CarriesIdTypeAndCause(ResourceException exception, ResourceType? type, bool hasCause)
    {
        Assert.Equal("what", exception.Message);
        Assert.Equal("id", exception.ResourceId);
        Assert.Equal(type, exception.ResourceType);
        Assert.Same(hasCause ? Cause : null, exception.InnerException);
    }

    [Fact]
    public void Create_TimeoutException_CarriesStageAndLimit()
    {
        var exception = new ResourceTimeoutException("what", ResourceStage.Validate, TimeSpan.FromSeconds(2));

        Assert.Equal(ResourceStage.Validate, exception.Stage);
        Assert.Equal(TimeSpan.FromSeconds(2), exception.Timeout);
        Assert.Null(exception.ResourceId);
        Assert.Null(exception.ResourceType);
    }
}
