namespace Pepper.Resources.Tests.Interleaving;

/// <summary>What an actor has been lent.</summary>
internal sealed class Loan(PoolScript script, Lease<Probe> lease, Probe probe)
{
    private bool _isLetGo;

    internal Lease<Probe> Lease { get; } = lease;

    internal Probe Probe { get; } = probe;

    /// <summary>Gives it back. What follows for the pool is its own affair: nobody uses the resource from here on.</summary>
    internal void Return()
    {
        script.LetGo(this);
        _isLetGo = true;
        script.Schedule.Do($"return {Probe.Id}", Lease.Dispose);
    }

    /// <summary>A copy of the lease is disposed by another, as soon as the holder has begun to give it back.</summary>
    internal void ReturnCopyWhenReturned()
    {
        script.Schedule.WaitUntil(() => _isLetGo);
        script.Schedule.Do($"return a copy of {Probe.Id}", Lease.Dispose);
    }

    internal void Invalidate() => script.Schedule.Do($"invalidate {Probe.Id}", () => Lease.Invalidate());

    internal void Detach()
    {
        script.LetGo(this);
        script.CountDetached(Probe);
        script.Schedule.Do($"detach {Probe.Id}", () => Lease.Detach());
    }

    /// <summary>Uses it for a while: others go on meanwhile, and it stays this actor's alone.</summary>
    internal void Use()
    {
        script.CheckHeld(this);
        script.Schedule.Reach();
        script.CheckHeld(this);
    }
}
