using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Interleaving;

/// <summary>What operators and clocks do to a pool while it is used.</summary>
internal static class ControlScenarios
{
    internal static IEnumerable<PoolScenario> All =>
    [
        Disposal, Drain(isTracked: false), Drain(isTracked: true), Invalidation(isValidated: false),
        Invalidation(isValidated: true), Replacement, Shrinking, ShrinkingWithValidation, Growing, Pauses, Sweeper, Retirement,
    ];

    private static PoolScenario Disposal => new(nameof(Disposal), 2, script =>
    {
        var loan = script.Acquire()!;
        script.UseOften(1);
        script.Actor("holder", loan.Return);
        script.Actor("user 0", () => script.UseOften(2));
        script.Actor("user 1", () => script.UseOften(1));
        script.Actor("trier", () => script.TryOften(1));
        script.Actor("disposer", () => script.AwaitEnd("dispose", () => script.Pool.DisposeAsync().AsTask()));
    })
    {
        Prepare = static factory => factory.IsSlow = true,
    };

    private static PoolScenario Drain(bool isTracked) => new(isTracked ? "TrackedDrain" : "Drain", 1, script =>
    {
        var loan = script.Acquire()!;
        script.Actor("holder", loan.Return);
        script.Actor("user", () => script.UseOften(2));
        script.Actor("trier", () => script.TryOften(1));
        script.Actor("drainer", () => script.AwaitEnd("drain", () => script.Pool.DrainAsync(CancellationToken.None)));
    })
    {
        Configure = options => options.LeakThreshold = isTracked ? TimeSpan.FromHours(1) : null,
        IsTracked = isTracked,
    };

    private static PoolScenario Invalidation(bool isValidated) =>
        new(isValidated ? "InvalidationWithValidation" : nameof(Invalidation), 2, script =>
        {
            var loan = script.Acquire()!;
            script.UseOften(1);
            script.Actor("holder", loan.Return);
            script.Actor("user 0", () => script.UseOften(2));
            script.Actor("user 1", () => script.UseOften(2));
            script.Actor("operator", () =>
            {
                script.Invalidate();
                script.UseOften(1);
            });
        })
        {
            Prepare = factory => factory.Hooks = isValidated ? FactoryHooks.Validate : FactoryHooks.None,
            IsValidated = isValidated,
            IsLentWithCare = isValidated,
        };

    private static PoolScenario Replacement => new(nameof(Replacement), 2, script =>
    {
        var loan = script.Acquire()!;
        script.UseOften(1);
        script.Actor("holder", loan.Return);
        script.Actor("user 0", () => script.UseOften(2));
        script.Actor("user 1", () => script.UseOften(1));
        script.Actor(
            "replacer", () => script.AwaitEnd("replace the factory", () => script.Pool.ReplaceFactoryAsync(script.Factory)));
    })
    {
        // While the old one's resources leave, a claim takes the careful way.
        IsLentWithCare = true,
    };

    private static PoolScenario Shrinking => new(nameof(Shrinking), 3, script =>
    {
        var loans = new[] { script.Acquire()!, script.Acquire()!, script.Acquire()! };
        script.Actor("holder 0", loans[0].Return);
        script.Actor("holder 1", loans[1].Return);
        script.Actor("holder 2", loans[2].Return);
        script.Actor("user", () => script.UseOften(2));
        script.Actor("operator", () => script.Resize(1));
    })
    {
        Prepare = static factory => factory.IsSlow = true,
    };

    // A claim that validates holds its entry, and nobody sees what will become of it.
    private static PoolScenario ShrinkingWithValidation => new(nameof(ShrinkingWithValidation), 2, script =>
    {
        var loans = new[] { script.Acquire()!, script.Acquire()! };
        loans[0].Return();
        loans[1].Return();
        script.Actor("trier 0", () => script.TryOften(1));
        script.Actor("trier 1", () => script.TryOften(1));
        script.Actor("operator", () => script.Resize(1));
    })
    {
        Prepare = static factory => factory.Hooks = FactoryHooks.Validate,
        IsValidated = true,
        IsLentWithCare = true,
    };

    private static PoolScenario Growing => new(nameof(Growing), 1, script =>
    {
        var loan = script.Acquire()!;
        script.Actor("holder", loan.Return);
        script.Actor("user 0", () => script.UseOften(1));
        script.Actor("user 1", () => script.UseOften(2));
        script.Actor("operator", () =>
        {
            script.Resize(2);
            script.Resize(1);
            script.Resize(3);
        });
    });

    private static PoolScenario Pauses => new(nameof(Pauses), 1, script =>
    {
        script.UseOften(1);
        script.Actor("user 0", () => script.UseOften(2));
        script.Actor("user 1", () => script.UseOften(1));
        script.Actor("trier", () => script.TryOften(2));
        script.Actor("operator", () =>
        {
            script.Schedule.Do("pause", script.Pool.Pause);
            script.Schedule.Do("resume", script.Pool.Resume);
        });
    });

    // Idle resources, and old ones, go while they are claimed and come back.
    private static PoolScenario Sweeper => new(nameof(Sweeper), 2, script =>
    {
        var loan = script.Acquire()!;
        script.UseOften(1);
        script.Advance(TimeSpan.FromMilliseconds(10));
        script.Actor("holder", loan.Return);
        script.Actor("user 0", () => script.UseOften(2));
        script.Actor("user 1", () => script.UseOften(2));
        script.Actor("clock", () =>
        {
            script.Advance(TimeSpan.FromMilliseconds(40));
            script.Advance(TimeSpan.FromMilliseconds(40));
        });
    })
    {
        Configure = static options =>
        {
            options.IdleTimeout = TimeSpan.FromMilliseconds(40);
            options.MaxLifetime = TimeSpan.FromMilliseconds(70);
        },
    };

    // A pool that nobody has used is disposed; a claim that comes at the same moment prevents it, or gets nothing.
    private static PoolScenario Retirement => new(nameof(Retirement), 1, script =>
    {
        script.UseOften(1);
        script.Actor("trier", () => script.TryOften(2));
        script.Actor("user", () => script.UseOften(1));
        script.Actor("retirer", () =>
        {
            for (var attempt = 0; attempt < 2; attempt++)
            {
                script.Schedule.Do("retire", () =>
                {
                    var uses = script.Pool.Core.CountUses(out _);
                    script.Schedule.Reach();
                    script.Pool.Core.TryRetire(uses);
                });
            }
        });
    });
}
