namespace Pepper.Resources.Polly;

/// <summary>
/// A resource on its way through a pipeline of any result. It cannot be disposed: Polly would dispose what it discards, and the
/// factory has to destroy it.
/// </summary>
internal sealed record Product<T>(T Resource)
    where T : class;
