using Pepper.Resources.Caching;

namespace Pepper.Resources.Tests.Caching;

/// <summary>
/// Each stage that runs code of the user's, in each way that it can go wrong: the caller is told, nothing is lost, and the
/// cache goes on as if nothing had been.
/// </summary>
public sealed class CacheFaultMatrixTests : CacheTestBase, IDisposable
{
    private readonly TaskCompletionSource _slow = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _leaving = new();
    private int _entered;
    private bool _isArmed = true;

    public void Dispose() => _leaving.Dispose();

    public enum Stage
    {
        Load,
        Weigh,
        Lifetime,
        Destroy,
    }

    public enum Way
    {
        Ok,
        Throws,
        Hangs,
        Slow,
        CallerLeaves,
        CacheDisposed,
    }

    public static TheoryData<Stage, Way, CacheFullMode> All()
    {
        TheoryData<Stage, Way, CacheFullMode> all = [];
        foreach (var stage in Enum.GetValues<Stage>())
        {
            foreach (var way in Enum.GetValues<Way>())
            {
                all.Add(stage, way, CacheFullMode.Grow);
                all.Add(stage, way, CacheFullMode.Wait);
            }
        }

        return all;
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Stage_GoesWrong_HarmsNobodyElse(Stage stage, Way way, CacheFullMode mode)
    {
        var cache = NewCache(options => Configure(options, stage, way, mode));
        var asked = AskAsync(cache, stage);
        if (way is not (Way.Ok or Way.Throws))
        {
            await Until(() => Volatile.Read(ref _entered) == 1, "the stage was never reached");
        }

        var disposing = Task.CompletedTask;
        switch (way)
        {
            case Way.Hangs:
                // Only loads and destructions have a limit; what weighs or tells a lifetime is short, or it is slow.
                if (stage == Stage.Destroy)
                {
                    // Else the time may run out for the load that goes on beside it.
                    await Within(asked);
                }

                await Until(() => Time.ActiveTimers > 0 || stage is Stage.Weigh or Stage.Lifetime);
                Time.Advance(TimeSpan.FromMinutes(2));
                break;
            case Way.CallerLeaves:
                await _leaving.CancelAsync();
                break;
            case Way.CacheDisposed:
                disposing = cache.DisposeAsync().AsTask();
                break;
        }

        var failure = await Record.ExceptionAsync(() => Release(asked, stage, way));
        AssertTold(failure, stage, way);
        _slow.TrySetResult();
        if (way != Way.CacheDisposed)
        {
            _isArmed = false;
            await Touch(cache, "after");
            await Touch(cache, "victim");
        }

        await Within(cache.DisposeAsync().AsTask());
        await Within(disposing);
        await Until(() => Source.Made.All(static thing => thing.Disposed == 1), "something was not destroyed, or twice");
        Assert.Equal((0, 0, 0), (cache.Statistics.Leases, cache.Statistics.Detached, cache.Statistics.Waiting));
    }

    private async Task AskAsync(ResourceCache<string, CachedThing> cache, Stage stage)
    {
        using (await cache.GetOrAddAsync("victim", _leaving.Token).AsTask())
        {
        }

        if (stage == Stage.Destroy)
        {
            cache.Remove("victim");
            using (await cache.GetOrAddAsync("next", _leaving.Token).AsTask())
            {
            }
        }
    }

    private async Task Release(Task asked, Stage stage, Way way)
    {
        if (way == Way.Slow || (way == Way.Hangs && stage is Stage.Weigh or Stage.Lifetime))
        {
            _slow.TrySetResult();
        }

        await Within(asked);
    }

    private static void AssertTold(Exception? failure, Stage stage, Way way)
    {
        switch (stage, way)
        {
            case (Stage.Load, Way.Throws):
                Assert.IsType<IOException>(failure);
                break;
            case (Stage.Load, Way.Hangs):
                Assert.IsType<ResourceTimeoutException>(failure);
                break;
            case (Stage.Load or Stage.Weigh or Stage.Lifetime, Way.CallerLeaves):
                Assert.IsAssignableFrom<OperationCanceledException>(failure);
                break;
            case (Stage.Load or Stage.Weigh or Stage.Lifetime, Way.CacheDisposed):
                Assert.IsType<ObjectDisposedException>(failure);
                break;
            case (Stage.Destroy, Way.CallerLeaves or Way.CacheDisposed):
                break;
            default:
                Assert.Null(failure);
                break;
        }
    }

    private void Configure(ResourceCacheOptions<string, CachedThing> options, Stage stage, Way way, CacheFullMode mode)
    {
        options.Capacity = 2;
        options.WhenFull = mode;
        options.LoadTimeout = TimeSpan.FromMinutes(1);
        options.DestroyTimeout = TimeSpan.FromMinutes(1);
        options.Loader = async (key, token) =>
        {
            var thing = await Source.LoadAsync(key, token);
            await (stage == Stage.Load ? GoAsync(stage, way, key) : Task.CompletedTask);
            return thing;
        };
        options.Weigher = (key, _) =>
        {
            Block(stage == Stage.Weigh, way, key);
            return 1;
        };
        options.Lifetime = (key, _) =>
        {
            Block(stage == Stage.Lifetime, way, key);
            return null;
        };
        options.TimeToLive = TimeSpan.FromHours(1);
        options.Destroy = async (removal, _) =>
        {
            await removal.Resource.DisposeAsync();
            await (stage == Stage.Destroy ? GoAsync(stage, way, removal.Key) : Task.CompletedTask);
        };
    }

    private async Task GoAsync(Stage stage, Way way, string key)
    {
        if (!_isArmed || key != "victim" || Interlocked.Exchange(ref _entered, 1) != 0)
        {
            return;
        }

        if (way == Way.Throws)
        {
            if (stage == Stage.Load)
            {
                // What was made and never handed out is the loader's own to destroy.
                await Assert.Single(Source.Made).DisposeAsync();
            }

            throw new IOException("fails on purpose");
        }

        if (way != Way.Ok)
        {
            await _slow.Task;
        }
    }

    /// <summary>These stages are synchronous: they block.</summary>
    private void Block(bool isStage, Way way, string key)
    {
        if (!isStage || !_isArmed || key != "victim" || Interlocked.Exchange(ref _entered, 1) != 0)
        {
            return;
        }

        if (way == Way.Throws)
        {
            throw new IOException("fails on purpose");
        }

        if (way != Way.Ok)
        {
            using ManualResetEventSlim gate = new();
            _ = _slow.Task.ContinueWith(
                _ => gate.Set(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            gate.Wait(Guard, CancellationToken.None);
        }
    }
}
