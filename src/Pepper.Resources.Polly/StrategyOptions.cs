using Polly;

namespace Pepper.Resources.Polly;

/// <summary>What Polly wants to know of a strategy: its name. Everything else was validated by the strategy's own options.</summary>
internal sealed class StrategyOptions : ResilienceStrategyOptions;
