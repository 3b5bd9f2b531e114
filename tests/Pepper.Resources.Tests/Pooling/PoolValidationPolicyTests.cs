using Pepper.Resources.Policies;
using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Pooling;

public sealed class PoolValidationPolicyTests : PoolTestBase
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(100);

    public PoolValidationPolicyTests() => Factory = new TestFactory { Hooks = FactoryHooks.Validate };

    [Fact]
    public async Task Borrow_Asked_KnowsTheResource()
    {
        Asked policy = new(static _ => false);
        await using var pool = NewPool(options => options.ValidationPolicy = policy);
        await (await Lend(pool)).DisposeAsync();
        Assert.Empty(policy.Requests);
        await (await Lend(pool)).DisposeAsync();
        Time.Advance(Tick);
        Time.Advance(Second);
        await (await Lend(pool)).DisposeAsync();

        Assert.Equal(0, Factory.Calls(Stage.Validate));
        Assert.Equal([1L, 2L], policy.Requests.Select(static asked => asked.Uses));
        Assert.All(policy.Requests, static asked => Assert.False(asked.IsSuspect));
        Assert.Equal(Tick, policy.Requests[0].IdleFor);
        Assert.InRange(policy.Requests[1].IdleFor, Second, Second + Tick);
        Assert.Equal(Second + Tick, policy.Requests[1].SinceValidated);
    }

    [Fact]
    public async Task Borrow_PolicySaysYes_IsValidatedAndItsTimeBeginsAnew()
    {
        Asked policy = new(static _ => true);
        await using var pool = NewPool(options => options.ValidationPolicy = policy);
        await (await Lend(pool)).DisposeAsync();
        Time.Advance(Second);
        await (await Lend(pool)).DisposeAsync();
        await (await Lend(pool)).DisposeAsync();

        Assert.Equal(2, Factory.Calls(Stage.Validate));
        Assert.Equal([Second, TimeSpan.Zero], policy.Requests.Select(static asked => asked.SinceValidated));
    }

    [Fact]
    public async Task Borrow_PolicySaysYesAndUnfit_IsReplaced()
    {
        await using var pool = NewPool(static options => options.ValidateBy = "always");
        var first = await Lend(pool);
        var unfit = first.Resource;
        await first.DisposeAsync();
        Factory.IsFit = resource => resource != unfit;

        Assert.NotSame(unfit, (await Lend(pool)).Resource);
    }

    [Fact]
    public async Task Sampled_ByName_ValidatesOneLoanInTen()
    {
        await using var pool = NewPool(static options => options.ValidateBy = "Sampled");
        for (var i = 0; i < 41; i++)
        {
            await (await Lend(pool)).DisposeAsync();
        }

        Assert.Equal(4, Factory.Calls(Stage.Validate));
        Assert.Equal(1, Factory.Created);
    }

    [Fact]
    public async Task AfterIdle_ByName_TakesTheTimeOfTheOptions()
    {
        await using var pool = NewPool(static options =>
            (options.ValidateBy, options.ValidateAfterIdle) = ("after-idle", TimeSpan.FromMinutes(1)));
        await (await Lend(pool)).DisposeAsync();
        Time.Advance(Second);
        Time.Advance(Second * 30);
        await (await Lend(pool)).DisposeAsync();
        Assert.Equal(0, Factory.Calls(Stage.Validate));
        Time.Advance(Second);
        Time.Advance(Second * 60);
        await (await Lend(pool)).DisposeAsync();

        Assert.Equal(1, Factory.Calls(Stage.Validate));
    }

    [Fact]
    public async Task Suspects_ByName_AnotherFails_IsValidatedOnce()
    {
        await using var pool = NewPool(static options => options.ValidateBy = "suspects");
        var leases = await Lend(pool, 2);
        leases[0].Invalidate(new IOException("reset by peer"));
        await leases[0].DisposeAsync();
        await leases[1].DisposeAsync();
        Assert.Equal(0, Factory.Calls(Stage.Validate));
        await (await Lend(pool)).DisposeAsync();
        await (await Lend(pool)).DisposeAsync();

        Assert.Equal(1, Factory.Calls(Stage.Validate));
    }

    [Fact]
    public async Task Borrow_PolicyThrows_IsValidatedAndReportedOnceAMinute()
    {
        await using var pool = NewPool(static options =>
            options.ValidationPolicy = new Asked(static _ => throw new InvalidOperationException("no idea")));
        for (var i = 0; i < 4; i++)
        {
            await (await Lend(pool)).DisposeAsync();
        }

        Assert.Equal(3, Factory.Calls(Stage.Validate));
        Assert.Contains("no idea", Assert.Single(Log.Lines, static line => line.Id == 1143).Text, StringComparison.Ordinal);
        Time.Advance(TimeSpan.FromMinutes(1));
        await (await Lend(pool)).DisposeAsync();
        Assert.Equal(2, Log.Count(1143));
        await AssertNoPlaceLost(pool);
    }

    [Fact]
    public async Task HandOver_ToAWaiter_AsksAsWell()
    {
        Asked policy = new(static _ => true);
        await using var pool = NewPool(options => (options.ValidationPolicy, options.MaxSize) = (policy, 1));
        var first = await Lend(pool);
        var next = Ask(pool);
        await first.DisposeAsync();
        await (await next.WaitAsync(Guard, Stop)).DisposeAsync();

        Assert.Equal(1, Assert.Single(policy.Requests).Uses);
        Assert.Equal(1, Factory.Calls(Stage.Validate));
    }

    [Fact]
    public async Task Asked_Policy_HoldsNoLock()
    {
        ResourcePool<TestResource>? pool = null;
        var isFree = false;
        Asked policy = new(_ =>
        {
            // Another thread, as a lock may let its holder in again.
            Thread other = new(() => GC.KeepAlive(pool!.Statistics));
            other.Start();
            isFree = other.Join(Guard);
            return false;
        });
        await using var made = NewPool(options => options.ValidationPolicy = policy);
        pool = made;
        await (await Lend(made)).DisposeAsync();
        await (await Lend(made)).DisposeAsync();

        Assert.True(isFree);
    }

    [Fact]
    public void New_PolicyAtOdds_IsListed()
    {
        var fault = Assert.Throws<ArgumentException>(() => NewPool(static options =>
        {
            options.ValidateBy = "sometimes";
            options.Validation = ValidationMode.OnReturn;
            options.ValidateAfterIdle = Second;
        }));

        foreach (var part in (string[])
            ["'sometimes', but there are: after-idle, always, never", "is without OnBorrow", "ValidateAfterIdle is"])
        {
            Assert.Contains(part, fault.Message, StringComparison.Ordinal);
        }
    }

    private sealed class Asked(Func<ValidationRequest, bool> answer) : IValidationPolicy
    {
        public string Name => "asked";

        internal List<ValidationRequest> Requests { get; } = [];

        public bool ShouldValidate(in ValidationRequest request)
        {
            lock (Requests)
            {
                Requests.Add(request);
            }

            return answer(request);
        }
    }
}
