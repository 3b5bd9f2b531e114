namespace Pepper.Resources.Tests.Leasing;

public sealed class LeaseFlowTests
{
    [Fact]
    public void Begin_NothingBefore_IsCurrentUntilItsEnd()
    {
        Assert.Null(LeaseFlow.Current);

        var flow = LeaseFlow.Begin("checkout");

        Assert.Same(flow, LeaseFlow.Current);
        Assert.Equal(("checkout", "checkout"), (flow.Name, flow.ToString()));
        Assert.True(LeaseFlow.IsAnyLive);
        flow.Dispose();
        flow.Dispose();
        Assert.Null(LeaseFlow.Current);
    }

    [Fact]
    public void Begin_WithinAnother_IsAnInnerOneAndGivesWayToTheOuter()
    {
        using var outer = LeaseFlow.Begin("outer");
        using (var inner = LeaseFlow.Begin("inner"))
        {
            Assert.Same(inner, LeaseFlow.Current);
            Assert.True(inner.IsWithin(outer));
            Assert.False(outer.IsWithin(inner));
        }

        Assert.Same(outer, LeaseFlow.Current);
        using var other = LeaseFlow.Begin();
        Assert.Equal("outer", other.Name);
    }

    [Fact]
    public void Begin_NoName_SaysUnnamed()
    {
        using var flow = LeaseFlow.Begin();

        Assert.Null(flow.Name);
        Assert.Equal("unnamed", flow.ToString());
    }

    [Fact]
    public void Dispose_OuterBeforeInner_LeavesTheInnerCurrentAndThenNone()
    {
        var outer = LeaseFlow.Begin("outer");
        var inner = LeaseFlow.Begin("inner");

        outer.Dispose();
        Assert.Same(inner, LeaseFlow.Current);
        Assert.Same(inner, inner.Living);
        inner.Dispose();

        Assert.Null(LeaseFlow.Current);
        Assert.Null(inner.Living);
    }

    [Fact]
    public async Task Current_AfterAnAwaitAndInATask_IsTheSame()
    {
        using var flow = LeaseFlow.Begin();
        await Task.Yield();

        Assert.Same(flow, LeaseFlow.Current);
        Assert.Same(flow, await Task.Run(static () => LeaseFlow.Current, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Current_TaskOutlivesTheFlow_IsTheOuterOne()
    {
        using var outer = LeaseFlow.Begin();
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<LeaseFlow?> late;
        using (LeaseFlow.Begin())
        {
            late = LookAfterAsync(ended.Task);
        }

        ended.SetResult();

        Assert.Same(outer, await late.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));

        static async Task<LeaseFlow?> LookAfterAsync(Task before)
        {
            await before;
            return LeaseFlow.Current;
        }
    }

    [Fact]
    public async Task Begin_InACalledMethod_DoesNotReachItsCaller()
    {
        using var begun = await BeginAsync();

        Assert.Null(LeaseFlow.Current);
        Assert.Same(begun, begun.Living);

        static async Task<LeaseFlow> BeginAsync()
        {
            await Task.Yield();
            return LeaseFlow.Begin("callee");
        }
    }
}
