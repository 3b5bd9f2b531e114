using Pepper.Resources.Pooling;
using Pepper.Resources.Recovery;

namespace Pepper.Resources.Tests.Pooling;

/// <summary>What a failure says is the user's code. It may ask the pool, so it never runs under its lock.</summary>
public sealed class PoolFailureTextTests : PoolRecoveryTestBase
{
    private readonly TestFactory _failing;
    private ResourcePool<TestResource>? _asked;

    public PoolFailureTextTests() =>
        _failing = new TestFactory { CreateNow = (_, _) => Task.FromException(new CuriousException(() => _asked?.Statistics)) };

    [Fact]
    public async Task Statistics_CircuitIsOpen_AsksForTheFailureWithoutTheLock()
    {
        await using var pool = NewPlain(factory: _failing);
        await OpenCircuit(pool, _failing);
        _asked = pool;

        var statistics = await Task.Run(() => pool.Statistics, Stop).WaitAsync(Guard, Stop);

        Assert.Contains("Its text.", statistics.HealthReason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task WarmUp_CreationsFail_AsksForTheFailureWithoutTheLock(bool isOpen)
    {
        await using var pool = NewPool((options, _) => options.MinSize = 1, _failing);
        if (isOpen)
        {
            await OpenCircuit(pool, _failing);
        }

        _asked = pool;

        var thrown = await Assert.ThrowsAnyAsync<ResourceException>(
            () => Task.Run(() => pool.WarmUpAsync(Stop), Stop).WaitAsync(Guard, Stop));

        Assert.Equal(isOpen, thrown is CircuitOpenException);
        Assert.Contains("Its text.", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Invalidate_FatalToThePool_AsksForTheCauseWithoutTheLock()
    {
        await using var pool = NewPool((_, recovery) => recovery.Classify = static _ => FailureKind.Pool);
        var recorder = new EventRecorder();
        using var subscription = pool.Subscribe(recorder.Handle);
        var lease = await Lend(pool);

        await Task.Run(() => lease.Invalidate(new CuriousException(() => pool.Statistics)), Stop).WaitAsync(Guard, Stop);

        await lease.DisposeAsync();
        Assert.Equal(1, pool.Statistics.Generation);
        await recorder.UntilSeen(PoolEventKind.GenerationBegun);
        Assert.Contains("Its text.", recorder[PoolEventKind.GenerationBegun].Message, StringComparison.Ordinal);
    }

    private sealed class CuriousException(Func<PoolStatistics?> ask) : Exception
    {
        // Else it would ask for ever, as the pool asks it in turn.
        [ThreadStatic]
        private static bool _isAsking;

        public override string Message
        {
            get
            {
                if (!_isAsking)
                {
                    _isAsking = true;
                    ask();
                    _isAsking = false;
                }

                return "Its text.";
            }
        }
    }
}
