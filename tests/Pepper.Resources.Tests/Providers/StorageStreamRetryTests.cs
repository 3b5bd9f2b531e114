using Pepper.Resources.Providers;
using Pepper.Resources.Recovery;

namespace Pepper.Resources.Tests.Providers;

/// <summary>Writes from streams that fail after the stream was read, and say that nothing was done.</summary>
public sealed class StorageStreamRetryTests : IAsyncLifetime
{
    private readonly FileStorageFixture _fixture = new();
    private IStorageProvider _provider = null!;
    private FailsOnce _inner = null!;

    public async ValueTask InitializeAsync()
    {
        await _fixture.PrepareAsync();
        _provider = (IStorageProvider)_fixture.Create("files");
        await _provider.InitializeAsync();
        _inner = new FailsOnce(_provider.Storage!);
    }

    public async ValueTask DisposeAsync()
    {
        await _provider.CleanupAsync();
        await _fixture.DisposeAsync();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(70_000)]
    public async Task Put_StreamThatCanSeek_IsReadAnewFromWhereItStood(int readBefore)
    {
        using var stream = new MemoryStream(new byte[100]) { Position = 10 };
        _inner.ReadBeforeFailure = readBefore;

        var entry = await Retrying().PutAsync("a", stream);

        Assert.Equal(90, entry.Size);
        Assert.Equal(2, _inner.Puts);
    }

    [Fact]
    public async Task Put_StreamThatWasReadAndCannotSeek_IsNotTriedAgain()
    {
        using var stream = new OneWay(100);
        _inner.ReadBeforeFailure = 1;

        var failure = await Assert.ThrowsAsync<StorageException>(() => Retrying().PutAsync("a", stream).AsTask());

        Assert.IsType<NothingDoneException>(failure.InnerException);
        Assert.Contains("'a'", failure.Message, StringComparison.Ordinal);
        Assert.Equal(1, _inner.Puts);
        Assert.False(await _provider.Storage!.ExistsAsync("a"));
    }

    [Fact]
    public async Task Put_StreamThatWasNotReadYet_IsTriedAgain()
    {
        using var stream = new OneWay(100);

        Assert.Equal(100, (await Retrying().PutAsync("a", stream)).Size);
        Assert.Equal(2, _inner.Puts);
    }

    private IStorage Retrying() => new StorageBuilder(_inner)
        .UseRetry(new RetryOptions { InitialDelay = TimeSpan.FromMilliseconds(1), Jitter = false }).Build();

    private sealed class NothingDoneException() : Exception("Nothing was done."), IRetryHint
    {
        bool? IRetryHint.MayRetry => true;
    }

    private sealed class FailsOnce(IStorage inner) : DelegatingStorage(inner)
    {
        internal int ReadBeforeFailure { get; set; }

        internal int Puts { get; private set; }

        public override async ValueTask<StorageEntry> PutAsync(
            string key, Stream content, StoragePutOptions? options = null, CancellationToken cancellationToken = default)
        {
            if (++Puts > 1)
            {
                return await Inner.PutAsync(key, content, options, cancellationToken);
            }

            if (ReadBeforeFailure > 0)
            {
                _ = await content.ReadAtLeastAsync(
                    new byte[ReadBeforeFailure], ReadBeforeFailure, throwOnEndOfStream: false, cancellationToken);
            }

            throw new NothingDoneException();
        }
    }

    private sealed class OneWay(int length) : MemoryStream(new byte[length])
    {
        public override bool CanSeek => false;
    }
}
