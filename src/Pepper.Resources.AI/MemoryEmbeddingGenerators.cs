using Microsoft.Extensions.AI;
using Pepper.Resources.Providers;

namespace Pepper.Resources.AI;

/// <summary>Lets a memory make its vectors with any generator of Microsoft.Extensions.AI.</summary>
public static class MemoryEmbeddingGenerators
{
    /// <summary>The most texts that are given to a generator at once, where nothing else is said.</summary>
    public const int DefaultBatchSize = 100;

    /// <summary>
    /// Makes the delegate for <see cref="MemoryStoreOptions.Embedding"/>. The generator stays the caller's to dispose of, after
    /// the memory; it must be safe to use from several threads, as generators are by their contract.
    /// </summary>
    /// <param name="generator">What makes the vectors.</param>
    /// <param name="options">Given to the generator with each request; null: its defaults.</param>
    /// <param name="batchSize">How many texts to ask for at once at most: 1 or more. Many services take no more than some
    /// hundred.</param>
    /// <returns>The delegate. It throws what the generator throws.</returns>
    /// <exception cref="ArgumentNullException">The generator is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The batch size is less than 1.</exception>
    public static MemoryEmbedding AsMemoryEmbedding(
        this IEmbeddingGenerator<string, Embedding<float>> generator, EmbeddingGenerationOptions? options = null,
        int batchSize = DefaultBatchSize)
    {
        ArgumentNullException.ThrowIfNull(generator);
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        return async (texts, cancellationToken) =>
        {
            List<ReadOnlyMemory<float>> vectors = new(texts.Count);
            foreach (var batch in texts.Chunk(batchSize))
            {
                var made = await generator.GenerateAsync(batch, options, cancellationToken).ConfigureAwait(false);
                if (made.Count != batch.Length)
                {
                    throw new InvalidOperationException(
                        $"The embedding generator made {made.Count} vectors of {batch.Length} texts; it must make one of each.");
                }

                vectors.AddRange(made.Select(static embedding => embedding.Vector));
            }

            return vectors;
        };
    }
}
