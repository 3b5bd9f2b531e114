namespace Pepper.Resources.Policies;

/// <summary>
/// Finds how large the window of <see cref="LfuPolicy"/> should be: it takes a step, looks whether the hit rate rose, and goes
/// on or turns
/// back, with smaller steps until the hit rate moves by itself. Einziger, Eytan, Friedman, Manes: "Adaptive software cache
/// management",
/// Middleware 2018.
/// </summary>
internal sealed class WindowClimber
{
    private const double MinShare = 0.01;
    private const double MaxShare = 0.8;
    private const double FirstStep = 0.0625;
    private const double Decay = 0.98;
    private const double Restart = 0.05;
    // As many requests as there are entries, between two steps: the shorter, the sooner a change of the requests is followed.
    private const int MinSample = 128;

    private double _step = -FirstStep;
    private double _previous;
    private long _hits;
    private long _misses;

    public double Share { get; private set; } = 0.1;

    /// <summary>The share of what was used again after it left the window.</summary>
    public double ProtectedShare => (1 - Share) * 0.8;

    public void OnHit() => _hits++;

    public void OnMiss() => _misses++;

    public void Climb(long entries)
    {
        var asked = _hits + _misses;
        if (asked < Math.Max(MinSample, entries))
        {
            return;
        }

        var rate = (double)_hits / asked;
        var change = rate - _previous;
        var amount = change >= 0 ? _step : -_step;
        _step = Math.Abs(change) >= Restart ? Math.CopySign(FirstStep, amount) : amount * Decay;
        _previous = rate;
        _hits = _misses = 0;
        Share = Math.Clamp(Share + amount, MinShare, MaxShare);
    }
}
