using System.Text.RegularExpressions;
using Pepper.Resources.Caching;

// A thousand tenants, each with a rule of its own. Compiling one is slow and takes memory, so a hundred are kept.
await using var rules = new ResourceCache<string, Regex>(new ResourceCacheOptions<string, Regex>
{
    Name = "rules",
    Capacity = 100,
    TimeToLive = TimeSpan.FromMinutes(10),
    Loader = static async (tenant, token) =>
    {
        var pattern = await ReadRuleAsync(tenant, token);
        return new Regex(pattern, RegexOptions.Compiled | RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
    },
});

// A few tenants ask often and most of them seldom. However many ask for one rule at once, it is compiled once; a rule that
// makes room for another while it is in use lives until its last lease ends.
var matched = 0;
await Parallel.ForAsync(0, 2_000, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (number, token) =>
{
    var tenant = (int)(1_000 * Math.Pow(new Random(number).NextDouble(), 12));
    using var rule = await rules.GetOrAddAsync($"tenant-{tenant}", token);
    if (rule.Resource.IsMatch($"order {tenant}-{number}"))
    {
        Interlocked.Increment(ref matched);
    }
});

var statistics = rules.Statistics;
Console.WriteLine($"{matched} of 2000 orders matched, {statistics.Count} rules kept, {statistics.Loads} compiled");
Console.WriteLine(
    $"hit rate {statistics.HitRate:P0}, {statistics.Evictions} evicted, {statistics.LoadTime.TotalSeconds:0.0} s of compiling");

// A tenant has changed its rule: whoever asks from now on gets the new one, and whoever holds the old one keeps it.
await rules.RefreshAsync("tenant-7");

// Where only what is there will do: no wait, no load.
if (rules.TryGet("tenant-7", out var found))
{
    using (found)
    {
        Console.WriteLine($"tenant-7: {found.Resource}");
    }
}

// Stands for a database.
static async Task<string> ReadRuleAsync(string tenant, CancellationToken token)
{
    await Task.Yield();
    token.ThrowIfCancellationRequested();
    return $"^order {tenant.Split('-')[1]}-[0-9]+$";
}
