using Pepper.Resources.Caching;

namespace Pepper.Resources.Tests.Caching;

/// <summary>Two or three threads at the same point, over and over: what a soak meets too seldom.</summary>
public sealed class CacheRaceTests : CacheTestBase
{
    /// <summary>A barrier's round is a switch of threads: a busy machine runs fewer, though never too few.</summary>
    private const int MostRounds = 100_000;

    private const int LeastRounds = 1_000;

    private static readonly TimeSpan RoundsFor = TimeSpan.FromSeconds(3);

    private static readonly object Thing = new();

    [Fact]
    public async Task Evict_WhileAnotherIsCounted_AtMostOneOfTheTwoSucceeds()
    {
        RaceKeeper keeper = new();
        var (closed, lent) = (0, 0);
        await RaceAsync(
            static () => New(loans: 0),
            item => item.TryLease(keeper) ? 1 : 0,
            item => keeper.TryCloseIdle(item),
            (item, results) =>
            {
                Assert.InRange(results[0] + results[1], 0, 1);
                Assert.Equal((results[0] == 1, results[1] == 1), (item.IsCounted, item.IsClosed));
                (lent, closed) = (lent + results[0], closed + results[1]);
            });
        Assert.Equal(0, keeper.Drained);
        Assert.True(lent > 0 && closed > 0, $"Each happens: lent {lent}, closed {closed}.");
    }

    [Fact]
    public async Task Evict_WhileAnotherPublishesItsLoan_AtMostOneOfTheTwoSucceeds()
    {
        RaceKeeper keeper = new();
        CacheLoan? loan = null;
        long token = 0;
        var (closed, lent) = (0, 0);
        await RaceAsync(
            static () => New(loans: 0),
            item => (loan = keeper.Publish(item, out token)) is null ? 0 : 1,
            item => keeper.TryCloseIdle(item),
            (item, results) =>
            {
                Assert.InRange(results[0] + results[1], 0, 1);
                Assert.Equal(results[1] == 1, item.IsClosed);
                Assert.Equal(results[0] == 1, keeper.Loans.IsPublished(item));
                loan?.Return(token);
                Assert.False(keeper.Loans.IsLeased(item));
                (lent, closed) = (lent + results[0], closed + results[1]);
            });
        Assert.Equal(0, keeper.Drained);
        Assert.True(lent > 0 && closed > 0, $"Each happens: lent {lent}, closed {closed}.");
    }

    [Fact]
    public async Task Close_WhileItsLastLoanEndsAndAnotherIsTried_DrainsOnce()
    {
        RaceKeeper keeper = new();
        var before = 0;
        await RaceAsync(
            static () => New(loans: 1),
            item => keeper.Close(item),
            item =>
            {
                keeper.Loans.EndLoan(item);
                return 0;
            },
            item =>
            {
                if (item.TryLease(keeper))
                {
                    keeper.Loans.EndLoan(item);
                }

                return 0;
            },
            (_, results) =>
            {
                Assert.Equal(1, results.Sum() + keeper.Drained - before);
                before = keeper.Drained;
            });
    }

    [Fact]
    public async Task Close_WhilePublishedLoansComeAndGo_DrainsOnceAndNeverWhatIsHeld()
    {
        RaceKeeper keeper = new();
        var before = 0;
        await RaceAsync(
            static () => New(loans: 0),
            item => keeper.Close(item),
            item => Borrow(item, 2),
            item => Borrow(item, 1),
            (item, results) =>
            {
                Assert.Equal(1, results[0] + keeper.Drained - before);
                Assert.Equal(0, results[1] + results[2]);
                Assert.True(item.IsClosed);
                before = keeper.Drained;
            });

        int Borrow(CacheItem item, int times)
        {
            var broken = 0;
            for (var time = 0; time < times; time++)
            {
                if (keeper.Publish(item, out var token) is { } loan)
                {
                    broken += keeper.IsGone(item) ? 1 : 0;
                    loan.Return(token);
                }
            }

            return broken;
        }
    }

    [Fact]
    public async Task Reopen_WhileTheLastLoanEnds_OneOfTheTwoSucceeds()
    {
        RaceKeeper keeper = new();
        var before = 0;
        await RaceAsync(
            () =>
            {
                var item = New(loans: 1);
                Assert.Equal(0, keeper.Close(item));
                return item;
            },
            item => keeper.TryReopen(item),
            item =>
            {
                keeper.Loans.EndLoan(item);
                return 0;
            },
            (item, results) =>
            {
                Assert.Equal(1, results[0] + keeper.Drained - before);
                Assert.Equal(results[0] == 0, item.IsClosed);
                Assert.Equal(results[0] == 1, item.IsCounted);
                before = keeper.Drained;
            });
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Loan_EndedByTwoThreads_EndsOnce(bool isPublished)
    {
        RaceKeeper keeper = new();
        var item = New(loans: 1);
        long token = 0;
        CacheLoan loan = null!;
        var rounds = await RaceAsync(
            () =>
            {
                if (isPublished)
                {
                    loan = keeper.Publish(item, out token)!;
                }
                else
                {
                    Assert.True(item.TryLease(keeper));
                    loan = keeper.Loans.Begin(item, out token);
                }

                loan.CountHit();
                return item;
            },
            _ => End(loan, token),
            _ => End(loan, token),
            (held, _) =>
            {
                Assert.True(held.IsCounted);
                Assert.False(keeper.Loans.IsPublished(held));
            });
        Assert.Equal(rounds + 1, keeper.Loans.ReadHits());
        loan.Return(token);
        Assert.Equal(LoanEnd.Idle, item.EndLoan());

        static int End(CacheLoan loan, long token)
        {
            loan.Return(token);
            return 0;
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Loans_EndWhileSomebodyWantsRoom_TellOnlyAtTheLast(bool isCountedLast)
    {
        RaceKeeper keeper = new();
        var item = New(loans: 1);
        var first = keeper.Publish(item, out var firstToken)!;
        var second = keeper.Publish(item, out var secondToken)!;
        Assert.True(keeper.Loans.TryWatch());

        first.Return(firstToken);
        Assert.Equal(0, keeper.Released);
        if (isCountedLast)
        {
            second.Return(secondToken);
            Assert.Equal(0, keeper.Released);
            keeper.Loans.EndLoan(item);
        }
        else
        {
            keeper.Loans.EndLoan(item);
            Assert.Equal(0, keeper.Released);
            second.Return(secondToken);
        }

        Assert.Equal(1, keeper.Released);
    }

    [Fact]
    public async Task Wait_LeaseEndsAsSomebodyBeginsToWait_IsServed()
    {
        await using var cache = NewCache(static options =>
        {
            options.Capacity = 1;
            options.WhenFull = CacheFullMode.Wait;
            options.Destroy = static (_, _) => default;
        });
        for (var round = 0; round < 3_000; round++)
        {
            var lease = await Get(cache, $"k{round}");
            var next = cache.GetOrAddAsync($"k{round + 1}", Stop).AsTask();
            if (round % 2 == 0)
            {
                await Task.Yield();
            }

            lease.Dispose();
            (await Within(next)).Dispose();
        }
    }

    [Fact]
    public async Task Wait_CallersLeaveAsTheyAreServed_LoseNoPlace()
    {
        await using var cache = NewCache(static options =>
        {
            options.Capacity = 1;
            options.WhenFull = CacheFullMode.Wait;
        });
        for (var round = 0; round < 1_500; round++)
        {
            var lease = await Get(cache, "held");
            using CancellationTokenSource leaving = new();
            var waits = cache.GetOrAddAsync("x", leaving.Token).AsTask();
            await Task.WhenAll(Task.Run(lease.Dispose, Stop), Task.Run(leaving.Cancel, Stop));
            try
            {
                (await Within(waits)).Dispose();
            }
            catch (OperationCanceledException)
            {
                // As often as not.
            }
        }

        await Touch(cache, "after");
    }

    private static CacheItem New(int loans)
    {
        CacheEntry<int> item = new(1, Thing, 1, 1);
        item.Begin(loans, isClosed: false);
        return item;
    }

    private static Task<int> RaceAsync(
        Func<CacheItem> begin, Func<CacheItem, int> one, Func<CacheItem, int> two, Action<CacheItem, int[]> check) =>
        RaceAsync(begin, [one, two], check);

    private static Task<int> RaceAsync(
        Func<CacheItem> begin,
        Func<CacheItem, int> one,
        Func<CacheItem, int> two,
        Func<CacheItem, int> three,
        Action<CacheItem, int[]> check) => RaceAsync(begin, [one, two, three], check);

    /// <summary>All begin each round together, as nearly as threads can. The result says how many rounds there were.</summary>
    private static async Task<int> RaceAsync(Func<CacheItem> begin, Func<CacheItem, int>[] racers, Action<CacheItem, int[]> check)
    {
        CacheItem item = begin();
        var results = new int[racers.Length];
        var rounds = 0;
        var isOver = false;
        var since = TimeProvider.System.GetTimestamp();
        using Barrier round = new(racers.Length, _ =>
        {
            check(item, results);
            item = begin();
            rounds++;
            isOver = rounds == MostRounds
                || (rounds >= LeastRounds && TimeProvider.System.GetElapsedTime(since) > RoundsFor);
        });
        var threads = racers.Select((race, number) => Task.Factory.StartNew(
            () =>
            {
                while (!isOver)
                {
                    results[number] = race(item);
                    round.SignalAndWait(Stop);
                }
            },
            Stop, TaskCreationOptions.LongRunning, TaskScheduler.Default)).ToArray();
        await Within(Task.WhenAll(threads));
        return rounds;
    }
}
