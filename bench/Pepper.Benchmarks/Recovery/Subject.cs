namespace Pepper.Benchmarks.Recovery;

/// <summary>One way to run work that does nothing through a strategy, in a loop that is written out for it.</summary>
/// <param name="Name">What the table calls it.</param>
/// <param name="Version">Of the library.</param>
/// <param name="LoopAsync">Runs the work so often.</param>
internal sealed record Subject(string Name, string Version, Func<int, Task> LoopAsync);
