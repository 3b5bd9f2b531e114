using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Interleaving;

/// <summary>Creations, validations and resets that end later, and fail.</summary>
internal static class StageScenarios
{
    internal static IEnumerable<PoolScenario> All =>
    [
        FailingCreations, SlowCreations, Validation(isSlow: false), Validation(isSlow: true), UnfitBesideFit, Resets, KeepAlive,
        OldestFirst,
    ];

    private static PoolScenario FailingCreations => new(nameof(FailingCreations), 2, script =>
    {
        var loan = script.Acquire()!;
        script.Actor("holder", loan.Return);
        script.Actor("user 0", () => script.UseOften(2));
        script.Actor("user 1", () => script.UseOften(1));
        script.Actor("user 2", () => script.UseOften(1));
    })
    {
        Prepare = static factory =>
        {
            factory.IsSlow = true;
            factory.Fails = static id => id % 2 == 1;
        },
    };

    private static PoolScenario SlowCreations => new(nameof(SlowCreations), 2, script =>
    {
        var source = new CancellationTokenSource();
        script.Actor("canceled", () => script.Acquire(cancellationToken: source.Token)?.Return());
        script.Actor("canceller", () => script.Schedule.Do("cancel", source.Cancel));
        script.Actor("user 0", () => script.UseOften(1));
        script.Actor("user 1", () => script.UseOften(1));
        script.Actor("user 2", () => script.UseOften(1));
    })
    {
        Configure = static options => options.MaxConcurrentCreates = 1,
        Prepare = static factory => factory.IsSlow = true,
    };

    private static PoolScenario Validation(bool isSlow) => new(isSlow ? "SlowValidation" : nameof(Validation), 2, script =>
    {
        var loan = script.Acquire()!;
        script.UseOften(1);
        script.Actor("holder", loan.Return);
        script.Actor("user 0", () => script.UseOften(2));
        script.Actor("user 1", () => script.UseOften(1));
        script.Actor("user 2", () => script.UseOften(1));
        script.Actor("trier", () => script.TryOften(1));
    })
    {
        Prepare = factory =>
        {
            factory.IsSlow = isSlow;
            factory.Hooks = FactoryHooks.Validate;
            factory.IsFit = static probe => probe.ReturnedAt % 3 != 0;
        },
        IsValidated = true,
        IsLentWithCare = true,
    };

    // One is found unfit, and its destruction takes long: who waits is to have the other, and not the place.
    private static PoolScenario UnfitBesideFit => new(nameof(UnfitBesideFit), 2, script =>
    {
        var loans = new[] { script.Acquire()!, script.Acquire()! };
        loans[1].Return();
        loans[0].Return();
        var served = 0;
        script.Factory.DestructionsEnd = () => served == 2;
        script.Actor("trier", () => script.TryOften(1));
        for (var user = 0; user < 2; user++)
        {
            script.Actor($"user {user}", () =>
            {
                script.UseOften(1);
                served++;
            });
        }
    })
    {
        Prepare = static factory =>
        {
            factory.IsSlow = true;
            factory.IsValidationSlow = false;
            factory.Hooks = FactoryHooks.Validate;
            factory.IsFit = static probe => probe.Id != 0;
        },
        IsValidated = true,
        IsLentWithCare = true,
    };

    private static PoolScenario Resets => new(nameof(Resets), 1, script =>
    {
        var loan = script.Acquire()!;
        script.Actor("holder", loan.Return);
        script.Actor("user 0", () => script.UseOften(2));
        script.Actor("user 1", () => script.UseOften(1));
        script.Actor("trier", () => script.TryOften(1));
    })
    {
        Prepare = static factory =>
        {
            factory.IsSlow = true;
            factory.Hooks = FactoryHooks.Reset;
        },
    };

    private static PoolScenario KeepAlive => new(nameof(KeepAlive), 2, script =>
    {
        var loan = script.Acquire()!;
        script.UseOften(1);
        loan.Return();
        script.Advance(TimeSpan.FromMilliseconds(10));
        script.Actor("user 0", () => script.UseOften(1));
        script.Actor("user 1", () => script.UseOften(1));
        script.Actor("user 2", () => script.UseOften(1));
        script.Actor("clock", () => script.Advance(TimeSpan.FromMilliseconds(40)));
    })
    {
        Configure = static options =>
        {
            options.Validation = ValidationMode.WhileIdle;
            options.KeepAliveInterval = TimeSpan.FromMilliseconds(40);
        },
        Prepare = static factory =>
        {
            factory.IsSlow = true;
            factory.Hooks = FactoryHooks.Validate;
            factory.IsFit = static probe => probe.Id % 2 == 0;
        },
    };

    private static PoolScenario OldestFirst => new(nameof(OldestFirst), 3, script =>
    {
        var loans = new[] { script.Acquire()!, script.Acquire()!, script.Acquire()! };
        loans[1].Return();
        script.Actor("holder 0", loans[0].Return);
        script.Actor("holder 2", loans[2].Return);
        script.Actor("user", () => script.UseOften(2));
        script.Actor("trier", () => script.TryOften(2));
    })
    {
        Configure = static options => options.IdleOrder = IdleOrder.Fifo,
        IsLentWithCare = true,
        IsOldestFirst = true,
    };
}
