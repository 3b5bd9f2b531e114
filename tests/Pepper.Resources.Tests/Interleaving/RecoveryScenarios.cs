using Pepper.Resources.Pooling;
using Pepper.Resources.Recovery;

namespace Pepper.Resources.Tests.Interleaving;

/// <summary>Creations that fail until they rest, probes, suspects and second creations.</summary>
internal static class RecoveryScenarios
{
    private static readonly TimeSpan Break = TimeSpan.FromSeconds(1);

    internal static IEnumerable<PoolScenario> All =>
    [
        Outage, OutageBesideAHolder(OutageBehavior.Reject), OutageBesideAHolder(OutageBehavior.WaitForReturn), Probing,
        ProbeIsUnfit, Isolation, OutageWithValidation, Suspects, FatalToAll, Hedging, Attempts, OutageUnderABudget,
    ];

    private static PoolScenario Outage => new(nameof(Outage), 2, script =>
    {
        for (var user = 0; user < 4; user++)
        {
            script.Actor($"user {user}", () => script.UseOften(2));
        }

        script.AtEnd = () => Expect(script, CircuitState.Open);
    })
    {
        Configure = static options => Configure(options, failures: 2),
        Prepare = static factory => (factory.IsSlow, factory.Fails) = (true, static _ => true),
    };

    private static PoolScenario OutageBesideAHolder(OutageBehavior behavior) =>
        new($"{nameof(OutageBesideAHolder)}{behavior}", 2, script =>
        {
            var loan = script.Acquire()!;
            script.Actor("holder", () =>
            {
                loan.Use();
                loan.Return();
            });
            script.Actor("breaker", () =>
            {
                if (script.Acquire() is { } other)
                {
                    other.Invalidate();
                    other.Return();
                }
            });
            script.Actor("user 0", () => script.UseOften(2));
            script.Actor("user 1", () => script.UseOften(1));
            script.Actor("trier", () => script.TryOften(1));
        })
        {
            Configure = options => Configure(options, failures: 1, behavior),
            Prepare = static factory => (factory.IsSlow, factory.Fails) = (true, static id => id > 0),
            WaitsForReturn = behavior == OutageBehavior.WaitForReturn,
        };

    private static PoolScenario Probing => new(nameof(Probing), 2, script =>
    {
        script.Actor("user 0", () => script.UseOften(3));
        script.Actor("user 1", () => script.UseOften(2));
        script.Actor("clock", () =>
        {
            script.Advance(Break);
            script.Advance(Break);
            script.UseOften(1);
        });
        script.AtEnd = () => ExpectHealed(script);
    })
    {
        Configure = static options => Configure(options, failures: 1),
        Prepare = static factory => (factory.IsSlow, factory.Fails) = (true, static id => id == 0),
    };

    private static PoolScenario ProbeIsUnfit => new(nameof(ProbeIsUnfit), 2, script =>
    {
        script.Actor("user 0", () => script.UseOften(3));
        script.Actor("user 1", () => script.UseOften(2));
        script.Actor("clock", () =>
        {
            script.Advance(Break);
            script.Advance(2 * Break);
            script.Advance(4 * Break);
            script.UseOften(1);
        });
        script.AtEnd = () => ExpectHealed(script);
    })
    {
        Configure = static options => Configure(options, failures: 1),
        Prepare = static factory =>
        {
            factory.IsSlow = true;
            factory.Hooks = FactoryHooks.Validate;
            factory.Fails = static id => id == 0;
            factory.IsFit = static probe => probe.Id > 1;
        },
    };

    private static PoolScenario Isolation => new(nameof(Isolation), 2, script =>
    {
        var loan = script.Acquire()!;
        script.Actor("holder", loan.Return);
        script.Actor("user 0", () => script.UseOften(2));
        script.Actor("user 1", () => script.UseOften(2));
        script.Actor("operator", () =>
        {
            script.Schedule.Do("isolate", () => script.Pool.IsolateCircuit());
            script.Schedule.Do("close", script.Pool.CloseCircuit);
            script.UseOften(1);
        });
        script.Actor("other operator", () => script.Schedule.Do("isolate too", () => script.Pool.IsolateCircuit()));
    })
    {
        Configure = static options => Configure(options, failures: 1),
        Prepare = static factory => factory.IsSlow = true,
    };

    // What is idle is validated, and found unfit or not, while nothing is created: nobody may be forgotten.
    private static PoolScenario OutageWithValidation => new(nameof(OutageWithValidation), 2, script =>
    {
        var first = script.Acquire()!;
        var second = script.Acquire()!;
        script.Actor("holder", first.Return);
        script.Actor("other holder", second.Return);
        script.Actor("user 0", () => script.UseOften(2));
        script.Actor("user 1", () => script.UseOften(1));
        script.Actor("trier", () => script.TryOften(1));
    })
    {
        Configure = static options => Configure(options, failures: 1),
        Prepare = static factory =>
        {
            factory.IsSlow = true;
            factory.Hooks = FactoryHooks.Validate;
            factory.Fails = static id => id > 1;
            factory.IsFit = static probe => probe.Id == 1 && probe.ReturnedAt % 2 == 0;
        },
        IsValidated = true,
        IsLentWithCare = true,
    };

    private static PoolScenario Suspects => new(nameof(Suspects), 2, script =>
    {
        var broken = script.Acquire()!;
        var other = script.Acquire()!;
        var isKnown = false;
        script.Actor("breaker", () =>
        {
            other.Probe.IsSuspect = true;
            broken.Invalidate();
            isKnown = true;
            broken.Return();
        });
        script.Actor("holder", other.Return);
        for (var user = 0; user < 2; user++)
        {
            script.Actor($"user {user}", () =>
            {
                for (var time = 0; time < 2; time++)
                {
                    var wasKnown = isKnown;
                    if (script.Acquire() is { } loan)
                    {
                        if (wasKnown && loan.Probe.IsSuspect)
                        {
                            script.Schedule.Fail($"Resource {loan.Probe.Id} is a suspect, and is lent without a look.");
                        }

                        loan.Return();
                    }
                }
            });
        }
    })
    {
        Configure = static options =>
        {
            Configure(options, failures: 1);
            options.Validation = ValidationMode.None;
        },
        Prepare = static factory => (factory.IsSlow, factory.Hooks) = (true, FactoryHooks.Validate),
        IsLentWithCare = true,
    };

    private static PoolScenario FatalToAll => new(nameof(FatalToAll), 2, script =>
    {
        var first = script.Acquire()!;
        var second = script.Acquire()!;
        foreach (var loan in (Loan[])[first, second])
        {
            script.Actor($"holder of {loan.Probe.Id}", () =>
            {
                loan.Invalidate();
                loan.Return();
            });
        }

        script.Actor("user", () => script.UseOften(2));
        script.AtEnd = () =>
        {
            if (script.Pool.Statistics.Generation != 1)
            {
                script.Schedule.Fail($"One outage began {script.Pool.Statistics.Generation} generations.");
            }
        };
    })
    {
        Configure = static options =>
        {
            Configure(options, failures: 1);
            options.Recovery!.Classify = static _ => FailureKind.Pool;
        },
        Prepare = static factory => factory.IsSlow = true,
    };

    private static PoolScenario Hedging => new(nameof(Hedging), 2, script =>
    {
        script.Actor("user 0", () => script.UseOften(2));
        script.Actor("user 1", () => script.UseOften(1));
        script.Actor("clock", () => script.Advance(Break));
        script.Actor("clock too", () => script.Advance(Break));
    })
    {
        Configure = static options =>
        {
            Configure(options, failures: 1);
            options.Recovery!.HedgeAfter = Break;
        },
        Prepare = static factory => factory.IsSlow = true,
    };

    private static PoolScenario Attempts => new(nameof(Attempts), 2, script =>
    {
        script.Actor("user 0", () => script.UseOften(2));
        script.Actor("user 1", () => script.UseOften(2));
        script.Actor("user 2", () => script.UseOften(1));
    })
    {
        Configure = static options =>
        {
            Configure(options, failures: 4);
            options.Recovery!.CreateAttempts = 3;
        },
        Prepare = static factory => (factory.IsSlow, factory.Fails) = (true, static id => id % 3 != 2),
    };

    private static PoolScenario OutageUnderABudget => new(nameof(OutageUnderABudget), 2, script =>
    {
        script.Actor("user 0", () => script.UseOften(2));
        script.Actor("user 1", () => script.UseOften(2, script.OtherPool));
        script.Actor("user 2", () => script.UseOften(1, script.OtherPool));
        script.Actor("clock", () => script.Advance(Break));
    })
    {
        Configure = static options => Configure(options, failures: 1),
        Prepare = static factory => (factory.IsSlow, factory.Fails) = (true, static id => id % 2 == 0),
        Pools = 2,
        MaxTotal = 2,
    };

    private static void Configure(
        ResourcePoolOptions options, int failures, OutageBehavior behavior = OutageBehavior.Reject)
    {
        var recovery = options.Recovery!;
        recovery.WhileOpen = behavior;
        recovery.Circuit.FailureThreshold = failures;
        recovery.Circuit.ResetTimeoutJitter = 0;
        recovery.Circuit.HalfOpenTimeout = TimeSpan.FromHours(1);
    }

    private static void Expect(PoolScript script, CircuitState state)
    {
        if (script.Pool.Statistics.Circuit!.State is var actual && actual != state)
        {
            script.Schedule.Fail($"The circuit is {actual}, not {state}.");
        }
    }

    /// <summary>Nobody asks any more: the pool heals by itself, as time passes.</summary>
    private static void ExpectHealed(PoolScript script)
    {
        for (var rest = 0; rest < 3; rest++)
        {
            script.Time.Advance(10 * Break);
            script.Schedule.WaitUntil(() => script.Schedule.IsAlone);
        }

        Expect(script, CircuitState.Closed);
    }
}
