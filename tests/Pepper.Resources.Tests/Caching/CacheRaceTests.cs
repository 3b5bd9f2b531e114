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
    public async Task Evict_WhileAnotherLeases_OneOfTheTwoSucceeds()
    {
        Keeper keeper = new();
        await RaceAsync(
            static () => New(loans: 0),
            item => item.TryLease(keeper) ? 1 : 0,
            static item => item.TryCloseIdle() ? 1 : 0,
            static (_, results) => Assert.Equal(1, results[0] + results[1]));
        Assert.Equal(0, keeper.Drained);
    }

    [Fact]
    public async Task Close_WhileItsLastLoanEndsAndAnotherIsTried_DrainsOnce()
    {
        Keeper keeper = new();
        await RaceAsync(
            static () => New(loans: 1),
            static item => item.Close() ? 1 : 0,
            static item => item.EndLoan() == LoanEnd.Drained ? 1 : 0,
            item =>
            {
                var before = keeper.Drained;
                return item.TryLease(keeper) && item.EndLoan() == LoanEnd.Drained ? 1 : keeper.Drained - before;
            },
            static (_, results) => Assert.Equal(1, results.Sum()));
    }

    [Fact]
    public Task Reopen_WhileTheLastLoanEnds_OneOfTheTwoSucceeds() => RaceAsync(
        static () =>
        {
            var item = New(loans: 1);
            Assert.False(item.Close());
            return item;
        },
        static item => item.TryReopen() ? 1 : 0,
        static item => item.EndLoan() == LoanEnd.Drained ? 1 : 0,
        static (item, results) =>
        {
            Assert.Equal(1, results[0] + results[1]);
            Assert.Equal(results[0] == 0, item.IsClosed);
        });

    [Fact]
    public async Task Loan_EndedByTwoThreads_EndsOnce()
    {
        Keeper keeper = new();
        CacheLoans loans = new(keeper, notesUse: false);
        var item = New(loans: 1);
        long token = 0;
        CacheLoan loan = null!;
        var rounds = await RaceAsync(
            () =>
            {
                Assert.True(item.TryLease(keeper));
                loan = loans.Begin(item, isHit: true, out token);
                return item;
            },
            _ => End(loan, token),
            _ => End(loan, token),
            static (held, _) => Assert.True(held.IsLeased));
        Assert.Equal(rounds + 1, loans.ReadHits());
        loan.Return(token);
        Assert.Equal(LoanEnd.Idle, item.EndLoan());

        static int End(CacheLoan loan, long token)
        {
            loan.Return(token);
            return 0;
        }
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

    private sealed class Keeper : ICacheKeeper
    {
        public bool IsOutdated(CacheItem item) => false;

        private int _drained;

        public string Name => "race";

        internal int Drained => Volatile.Read(ref _drained);

        public void OnUsed(CacheItem item)
        {
            // Nothing expires here.
        }

        public void OnIdle(CacheItem item)
        {
            // Nobody wants room here.
        }

        public void OnDrained(CacheItem item) => Interlocked.Increment(ref _drained);

        public void OnInvalidated(CacheItem item, Exception? cause) => Assert.Fail("Nobody does that here.");
    }
}
