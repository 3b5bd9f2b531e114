namespace Pepper.Cli.Demo;

/// <summary>What one writing transaction has done: an order came, and the oldest one went.</summary>
/// <param name="Id">The new order's id.</param>
/// <param name="RetiredLines">How many lines the oldest order had.</param>
/// <param name="RetiredTotal">What the oldest order came to, in cents.</param>
internal readonly record struct WrittenOrder(long Id, int RetiredLines, long RetiredTotal);
