namespace Pepper.Cli.Demo;

/// <summary>Where a run is shown.</summary>
internal interface IDemoReport
{
    /// <summary>Says something, once.</summary>
    void Say(string line);

    /// <summary>Shows samples until the token is cancelled, which it does not answer with an exception.</summary>
    Task WatchAsync(DemoSampler sampler, TimeProvider time, CancellationToken end);
}
