using Pepper.Resources.Recovery;

namespace Pepper.Resources.Tests.Recovery;

public sealed class RetryBudgetTests : RecoveryTest
{
    private RetryBudget NewBudget(double ratio = 0.2, double minimum = 0, int capacity = 10) => new(
        new RetryBudgetOptions { Name = "shared", Ratio = ratio, MinimumPerSecond = minimum, Capacity = capacity }, Time);

    private static void Empty(RetryBudget budget)
    {
        while (budget.TryWithdraw())
        {
        }
    }

    [Fact]
    public void Withdraw_NewBudget_PaysForItsCapacity()
    {
        var budget = NewBudget(capacity: 3);

        Assert.True(budget.TryWithdraw());
        Assert.True(budget.TryWithdraw());
        Assert.True(budget.TryWithdraw());
        Assert.False(budget.TryWithdraw());
        Assert.Equal((3, 1), (budget.Granted, budget.Refused));
    }

    [Fact]
    public void Deposit_FiveCalls_PayForOneRetry()
    {
        var budget = NewBudget();
        Empty(budget);
        for (var i = 0; i < 4; i++)
        {
            budget.Deposit();
            Assert.False(budget.TryWithdraw());
        }

        budget.Deposit();
        Assert.True(budget.TryWithdraw());
        Assert.False(budget.TryWithdraw());
    }

    [Fact]
    public void Deposit_FullBudget_StaysAtItsCapacity()
    {
        var budget = NewBudget(capacity: 2);
        for (var i = 0; i < 100; i++)
        {
            budget.Deposit();
        }

        Assert.Equal(2, budget.Available);
    }

    [Fact]
    public void Withdraw_TimePasses_PaysTheMinimumWithoutLosingParts()
    {
        var budget = NewBudget(ratio: 0, minimum: 3, capacity: 100);
        Empty(budget);
        var granted = 0;
        for (var step = 0; step < 1000; step++)
        {
            Time.Advance(TimeSpan.FromMilliseconds(7));
            Time.SetUtcNow(Time.GetUtcNow().AddHours(-1));
            granted += budget.TryWithdraw() ? 1 : 0;
        }

        Assert.InRange(granted, 19, 21);
    }

    [Fact]
    public void Withdraw_LongPause_PaysTheCapacityAndNoMore()
    {
        var budget = NewBudget(minimum: 10, capacity: 5);
        Empty(budget);
        Time.Advance(TimeSpan.FromDays(100));
        Assert.Equal(5, budget.Available);
    }

    [Fact]
    public async Task Execute_BudgetIsEmpty_EndsWithTheFailureAndSaysThatTheBudgetRefused()
    {
        var budget = NewBudget(ratio: 0, capacity: 1);
        var log = NewLog<RetryStrategy>();
        RetryOptions options = new() { Name = "one", Budget = budget, InitialDelay = TimeSpan.Zero };
        var first = new RetryStrategy(options, Time, Monitor, log);
        options.Name = "other";
        var second = new RetryStrategy(options, Time, Monitor, log);

        var attempts = 0;
        await first.ExecuteAsync(_ => ++attempts == 1 ? FailAsync() : new ValueTask<int>(1));
        var thrown = await Assert.ThrowsAsync<MaxRetriesExceededException>(
            () => second.ExecuteAsync(_ => FailAsync("down")).AsTask());

        Assert.Equal(RetryStop.BudgetRefused, thrown.Reason);
        Assert.Equal("down", thrown.InnerException?.Message);
        Assert.Contains("budget 'shared' refused", thrown.Message, StringComparison.Ordinal);
        Assert.True(log.Has(1501, "the budget shared refused another: down"));
    }

    [Fact]
    public async Task Execute_EverythingFails_RetriesStayWithinTheRatio()
    {
        var budget = NewBudget(ratio: 0.2, capacity: 10);
        var retry = NewRetry(options => (options.Budget, options.InitialDelay) = (budget, TimeSpan.Zero));
        var attempts = 0;
        for (var call = 0; call < 1000; call++)
        {
            await retry.TryExecuteAsync(_ =>
            {
                attempts++;
                return FailAsync();
            });
        }

        Assert.InRange(attempts, 1200, 1210);
    }

    [Fact]
    public void Withdraw_ManyThreads_NeverPaysMoreThanThereIs()
    {
        var budget = NewBudget(ratio: 1, capacity: 1000);
        var granted = 0;
        Lifecycle.RealThreads.Run(4, _ =>
        {
            for (var i = 0; i < 5000; i++)
            {
                if (i % 10 == 0)
                {
                    budget.Deposit();
                }

                if (budget.TryWithdraw())
                {
                    Interlocked.Increment(ref granted);
                }
            }
        });

        Assert.Equal(granted, budget.Granted);
        Assert.InRange(granted, 1000, 3000);
        Assert.Equal(20_000, budget.Granted + budget.Refused);
    }

    [Fact]
    public void Constructor_FaultyOptions_ListsAllFaults()
    {
        var thrown = Assert.Throws<ArgumentException>(() => new RetryBudget(new RetryBudgetOptions
        {
            Name = "",
            Ratio = -1,
            MinimumPerSecond = double.PositiveInfinity,
            Capacity = 0,
        }));
        Assert.Contains("4 fault(s)", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Metrics_Budgets_AreReadFromTheTruthAndSummedUpByName()
    {
        using var metrics = new Monitoring.MetricRecorder(Monitor);
        var options = new RetryBudgetOptions { Name = "prices", Capacity = 2, Ratio = 0, MinimumPerSecond = 0 };
        var (first, second) = (new RetryBudget(options, Time, Monitor), new RetryBudget(options, Time, Monitor));
        Assert.True(first.TryWithdraw() && first.TryWithdraw());
        Assert.False(first.TryWithdraw());
        Assert.Equal(2, metrics.Observe("pepperpy_retry_budget_tokens")["pepperpy_retry_budget_tokens{name=prices}"]);
        Assert.Equal(
            2, metrics.Observe("pepperpy_retry_budget_granted_total")["pepperpy_retry_budget_granted_total{name=prices}"]);
        Assert.Equal(
            1, metrics.Observe("pepperpy_retry_budget_refused_total")["pepperpy_retry_budget_refused_total{name=prices}"]);
        GC.KeepAlive(second);
    }
}
