using Microsoft.Extensions.AI;
using Pepper.Resources.AI;
using Pepper.Resources.Providers;

namespace Pepper.IntegrationTests.Providers.Memory;

public sealed class MemoryEmbeddingGeneratorsTests
{
    private static readonly MemoryNamespace Notes = new("notes");

    [Fact]
    public async Task Memory_WithAGenerator_SearchesByItsVectors()
    {
        using var generator = new Lengths();
        var store = new InProcessMemoryStore(new MemoryStoreOptions { Embedding = generator.AsMemoryEmbedding(batchSize: 2) });

        await store.BatchAsync(
            [new MemoryPut(Notes, "a", "x"), new MemoryPut(Notes, "b", "xxxxx"), new MemoryPut(Notes, "c", "xxxxxxxxx")],
            TestContext.Current.CancellationToken);
        var found = await store.SearchAsync(
            new() { Text = "yyyy", Ranking = MemoryRanking.Vector, Limit = 1 }, TestContext.Current.CancellationToken);

        Assert.Equal("b", Assert.Single(found).Entry.Key);
        Assert.Equal([2, 1, 1], generator.Batches);
    }

    [Fact]
    public async Task Embedding_ThatMakesTooFew_Throws()
    {
        using var generator = new Lengths { Missing = 1 };

        var failure = await Assert.ThrowsAsync<InvalidOperationException>(
            () => generator.AsMemoryEmbedding()(["a", "b"], TestContext.Current.CancellationToken).AsTask());

        Assert.Contains("1 vectors of 2 texts", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Embedding_PassesTokenAndOptionsOn()
    {
        using var generator = new Lengths();
        var options = new EmbeddingGenerationOptions { ModelId = "small" };

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => generator.AsMemoryEmbedding(options)(["a"], new CancellationToken(true)).AsTask());

        Assert.Same(options, generator.Options);
        Assert.Throws<ArgumentOutOfRangeException>(() => generator.AsMemoryEmbedding(batchSize: 0));
    }

    /// <summary>The direction of a vector is the length of its text.</summary>
    private sealed class Lengths : IEmbeddingGenerator<string, Embedding<float>>
    {
        internal int Missing { get; init; }

        internal List<int> Batches { get; } = [];

        internal EmbeddingGenerationOptions? Options { get; private set; }

        public Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
            IEnumerable<string> values, EmbeddingGenerationOptions? options, CancellationToken cancellationToken)
        {
            Options = options;
            cancellationToken.ThrowIfCancellationRequested();
            var texts = values.ToList();
            Batches.Add(texts.Count);
            return Task.FromResult(new GeneratedEmbeddings<Embedding<float>>(texts.Skip(Missing).Select(static text =>
                new Embedding<float>(new[] { MathF.Cos(text.Length / 10f), MathF.Sin(text.Length / 10f) }))));
        }

        public object? GetService(Type serviceType, object? serviceKey) => null;

        public void Dispose()
        {
        }
    }
}
