using Pepper.Resources.Polly;
using Pepper.Resources.Pooling;
using Pepper.Resources.Recovery;
using Polly;
using Polly.CircuitBreaker;
using CircuitState = Pepper.Resources.Recovery.CircuitState;

// A server that is down for a while: it refuses its third to its tenth question.
var questions = 0;
ValueTask<int> AskServerAsync(string article) => Interlocked.Increment(ref questions) is >= 3 and <= 10
    ? throw new IOException("connection refused")
    : new ValueTask<int>(article.Length);

// The circuit outlives a reload of the pipeline, other pipelines can share it, and its state can be looked at.
using var breaker = new CircuitBreaker(new CircuitBreakerOptions
{
    Name = "prices",
    FailureThreshold = 5,
    ResetTimeout = TimeSpan.FromMilliseconds(50),
});
var budget = new RetryBudget(new RetryBudgetOptions { Name = "prices", Ratio = 0.2 });

var pipeline = new ResiliencePipelineBuilder<int> { Name = "prices" }
    .AddFallbackList([new Fallback<int>(_ => new ValueTask<int>(3), "yesterday's price", TimeSpan.FromSeconds(1))])
    .AddBoundedTimeout(new TimeoutOptions { Name = "in all", Timeout = TimeSpan.FromSeconds(10) })
    .AddBudgetedRetry(new RetryOptions { Name = "prices", InitialDelay = TimeSpan.FromMilliseconds(10), Budget = budget })
    .AddConsecutiveCircuitBreaker(breaker, new PredicateBuilder<int>().Handle<Exception>().HandleResult(price => price < 0))
    .AddBoundedTimeout(new TimeoutOptions { Name = "one price", Timeout = TimeSpan.FromSeconds(2) })
    .Build();

var answered = 0;
while (answered < 20 || breaker.State != CircuitState.Closed)
{
    await pipeline.ExecuteAsync(async _ => await AskServerAsync("tea"));
    answered = Math.Min(20, answered + 1);
    await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System);
}

Console.WriteLine($"answered {answered} of 20, circuit {breaker.State.ToString().ToLowerInvariant()}");

// A pool whose creations go through a pipeline of yours. What it makes in vain, the factory destroys.
var attempts = 0;
var creating = new ResiliencePipelineBuilder()
    .AddBudgetedRetry(new RetryOptions { Name = "connect", InitialDelay = TimeSpan.FromMilliseconds(1), Budget = budget })
    .AddBoundedTimeout(new TimeoutOptions { Name = "connect", Timeout = TimeSpan.FromSeconds(5) })
    .Build();
var factory = ResourceFactory.Create(
    _ => ++attempts < 3 ? throw new IOException("refused") : new ValueTask<MemoryStream>(new MemoryStream()));
await using var pool = new ResourcePool<MemoryStream>(factory.WithResilience(creating));
await using (var lease = await pool.AcquireAsync())
{
    Console.WriteLine($"connected at attempt {attempts}, can write: {lease.Resource.CanWrite}");
}

// Whoever catches what Polly throws need not know the difference.
breaker.Isolate("maintenance");
var plain = new ResiliencePipelineBuilder().AddConsecutiveCircuitBreaker(breaker).Build();
try
{
    await plain.ExecuteAsync(async _ => await AskServerAsync("tea"));
}
catch (BrokenCircuitException rejected)
{
    Console.WriteLine($"rejected by {((CircuitOpenException)rejected.InnerException!).ResourceId}");
}
