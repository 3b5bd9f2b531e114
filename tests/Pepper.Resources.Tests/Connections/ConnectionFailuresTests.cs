using System.Data.Common;
using Pepper.Resources.Connections;
using Pepper.Resources.Recovery;

namespace Pepper.Resources.Tests.Connections;

public sealed class ConnectionFailuresTests
{
    [Theory]
    [InlineData(ResourceStage.Create, "53300", FailureKind.Capacity)]
    [InlineData(ResourceStage.Create, "08004", FailureKind.Capacity)]
    [InlineData(ResourceStage.Create, "28P01", FailureKind.Resource)]
    [InlineData(ResourceStage.Create, "3D000", FailureKind.Resource)]
    [InlineData(ResourceStage.Create, "57P03", FailureKind.Resource)]
    [InlineData(ResourceStage.Use, "57P01", FailureKind.Resource)]
    [InlineData(ResourceStage.Use, "57P02", FailureKind.Pool)]
    [InlineData(ResourceStage.Use, "08006", FailureKind.Resource)]
    [InlineData(ResourceStage.Use, "58030", FailureKind.Resource)]
    [InlineData(ResourceStage.Use, "XX000", FailureKind.Resource)]
    [InlineData(ResourceStage.Use, "23505", FailureKind.Request)]
    [InlineData(ResourceStage.Use, "57014", FailureKind.Request)]
    [InlineData(ResourceStage.Validate, "42601", FailureKind.Request)]
    [InlineData(ResourceStage.Use, null, FailureKind.Resource)]
    [InlineData(ResourceStage.Create, "", FailureKind.Resource)]
    public void Classify_BySqlState_SaysWhatItMeansForOthers(ResourceStage stage, string? state, FailureKind expected)
    {
        Assert.Equal(expected, ConnectionFailures.Classify(new FactoryFailure(stage, new StateException(state))));
        Assert.Equal(
            expected,
            ConnectionFailures.Classify(
                new FactoryFailure(stage, new InvalidOperationException("wrapped", new StateException(state)))));
    }

    [Fact]
    public void Classify_NoFailureOfADatabase_IsTheDefault()
    {
        Assert.Equal(FailureKind.Resource, ConnectionFailures.Classify(new FactoryFailure(ResourceStage.Use, null)));
        Assert.Equal(
            FailureKind.Request,
            ConnectionFailures.Classify(new FactoryFailure(ResourceStage.Use, new OperationCanceledException())));
        Assert.Equal(
            FailureKind.Resource,
            ConnectionFailures.Classify(new FactoryFailure(ResourceStage.Create, new OperationCanceledException())));
    }

    private sealed class StateException(string? state) : DbException("failed")
    {
        public override string? SqlState => state;
    }
}
