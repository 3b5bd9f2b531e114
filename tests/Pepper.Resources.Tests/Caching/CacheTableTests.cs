using Pepper.Resources.Caching;

namespace Pepper.Resources.Tests.Caching;

public sealed class CacheTableTests
{
    private static readonly object Thing = new();

    private readonly Lock _lock = new();

    [Fact]
    public void Find_AfterRandomChanges_AgreesWithADictionary()
    {
        CacheTable<int> table = new(new CollidingComparer());
        Dictionary<int, CacheEntry<int>> model = [];
        Random random = new(7);
        for (var step = 0; step < 20_000; step++)
        {
            var key = random.Next(500);
            lock (_lock)
            {
                Change_NeedsLock(table, model, key, random.Next(4));
            }

            Assert.Same(model.GetValueOrDefault(key), table.Find(key));
        }

        lock (_lock)
        {
            Assert.Equal(model.Values.Order(Comparer), table.List_NeedsLock().Order(Comparer));
        }

        Assert.Equal(model.Count, table.Count);
    }

    [Fact]
    public async Task Find_WhileTheTableGrowsAndOthersGo_NeverMissesWhatIsThere()
    {
        for (var round = 0; round < 60; round++)
        {
            CacheTable<int> table = new(comparer: null);
            var stays = Enumerable.Range(0, 10).Select(static key => key * 1_000).ToArray();
            Add(table, stays.Select(key => New(table, key)));
            var isOver = 0;
            var readers = Enumerable.Range(0, 2).Select(_ => Task.Run(() =>
            {
                var missed = 0;
                while (Volatile.Read(ref isOver) == 0)
                {
                    missed += stays.Count(key => table.Find(key)?.Key != key);
                }

                return missed;
            })).ToArray();
            var others = Enumerable.Range(1, 8_000).Where(static key => key % 1_000 != 0).Select(key => New(table, key)).ToList();
            Add(table, others);
            foreach (var entry in others)
            {
                lock (_lock)
                {
                    Assert.True(table.Remove_NeedsLock(entry));
                    table.Cut_NeedsLock(entry);
                }
            }

            Volatile.Write(ref isOver, 1);
            var missed = await Task.WhenAll(readers);
            Assert.All(missed, static count => Assert.Equal(0, count));
        }
    }

    private void Add(CacheTable<int> table, IEnumerable<CacheEntry<int>> entries)
    {
        foreach (var entry in entries)
        {
            lock (_lock)
            {
                table.Add_NeedsLock(entry);
            }
        }
    }

    private static readonly Comparer<CacheEntry<int>> Comparer =
        Comparer<CacheEntry<int>>.Create(static (left, right) => left.Key.CompareTo(right.Key));

    private static CacheEntry<int> New(CacheTable<int> table, int key) => new(key, Thing, table.HashOf(key), 1);

    private static void Change_NeedsLock(CacheTable<int> table, Dictionary<int, CacheEntry<int>> model, int key, int change)
    {
        if (!model.TryGetValue(key, out var old))
        {
            table.Add_NeedsLock(model[key] = New(table, key));
        }
        else if (change == 0)
        {
            table.Replace_NeedsLock(old, model[key] = New(table, key));
        }
        else if (change == 1)
        {
            Assert.True(table.Remove_NeedsLock(old));
            Assert.False(table.Remove_NeedsLock(old));
            table.Cut_NeedsLock(old);
            model.Remove(key);
        }
    }

    private sealed class CollidingComparer : IEqualityComparer<int>
    {
        public bool Equals(int x, int y) => x == y;

        public int GetHashCode(int obj) => obj % 7;
    }
}
