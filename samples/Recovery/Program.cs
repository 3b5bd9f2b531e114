using Pepper.Resources.Recovery;

// A price list that is down for a while, as servers are: it refuses its third to its tenth question.
var questions = 0;
ValueTask<int> AskServerAsync(string article, CancellationToken token) => Interlocked.Increment(ref questions) is >= 3 and <= 10
    ? throw new IOException("connection refused")
    : new ValueTask<int>(article.Length);

// Made once, and used by everybody who asks this server.
using var breaker = new CircuitBreaker(new CircuitBreakerOptions
{
    Name = "prices",
    FailureThreshold = 5,
    ResetTimeout = TimeSpan.FromMilliseconds(50),
    ResetTimeoutGrowth = 2,
    ResetTimeoutJitter = 0.2,
    MaxResetTimeout = TimeSpan.FromMilliseconds(200),
});
var retry = new RetryStrategy(new RetryOptions
{
    Name = "prices",
    InitialDelay = TimeSpan.FromMilliseconds(10),
    Budget = new RetryBudget(new RetryBudgetOptions { Name = "prices", Ratio = 0.2 }),
});
var yesterday = new Fallback<int>(_ => new ValueTask<int>(3), "yesterday's price");

// Fallback around total timeout around retry around breaker around attempt timeout.
var pipeline = new RecoveryPipeline(
        totalTimeout: new TimeoutStrategy(new TimeoutOptions { Name = "prices", Timeout = TimeSpan.FromSeconds(10) }),
        retry: retry,
        breaker: breaker,
        attemptTimeout: new TimeoutStrategy(new TimeoutOptions { Name = "one price", Timeout = TimeSpan.FromSeconds(2) }))
    .WithFallback(new FallbackStrategy<int>([yesterday]));

var (served, stale) = (0, 0);
for (var customer = 0; customer < 20; customer++)
{
    // Asking twice does no harm, and this says so: without Idempotent nothing would be retried.
    var price = await pipeline.Idempotent.TryExecuteAsync(token => AskServerAsync("tea", token));
    _ = price.IsFallback ? stale++ : served++;
    await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
}

// The outage is over: as soon as the break is, one trial closes the circuit.
while (breaker.State != CircuitState.Closed)
{
    await pipeline.TryExecuteAsync(token => AskServerAsync("tea", token));
    await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System);
}

Console.WriteLine($"answered {served + stale} of 20: {served} by the server, {stale} from the cache");
Console.WriteLine($"circuit {breaker.State.ToString().ToLowerInvariant()} after {breaker.Statistics.Opened} break(s)");
