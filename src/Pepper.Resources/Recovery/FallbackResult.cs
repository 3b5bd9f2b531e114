namespace Pepper.Resources.Recovery;

/// <summary>Who served a call, and what had failed before.</summary>
/// <typeparam name="TResult">What is yielded.</typeparam>
public readonly struct FallbackResult<TResult>
{
    /// <summary>The <see cref="ServedBy"/> of the primary.</summary>
    public const int Primary = -1;

    private readonly TResult _value;
    private readonly AllFallbacksFailedException? _failure;
    private readonly IReadOnlyList<Exception>? _failures;

    internal FallbackResult(TResult value, int servedBy, IReadOnlyList<Exception>? failures)
    {
        _value = value;
        ServedBy = servedBy;
        _failures = failures;
        _failure = null;
    }

    internal FallbackResult(AllFallbacksFailedException failure)
    {
        _value = default!;
        ServedBy = null;
        _failures = failure.Failures;
        _failure = failure;
    }

    /// <summary>
    /// Who served: <see cref="Primary"/>, or the index of a fallback, from 0; <c>null</c> when all failed.
    /// </summary>
    public int? ServedBy { get; }

    /// <summary>Whether a fallback served.</summary>
    public bool IsFallback => ServedBy >= 0;

    /// <summary>Whether anybody served.</summary>
    public bool IsSuccess => _failure is null;

    /// <summary>What failed before: the primary's failure, then those of the fallbacks in order.</summary>
    public IReadOnlyList<Exception> Failures => _failures ?? [];

    /// <summary>What was yielded.</summary>
    /// <exception cref="AllFallbacksFailedException">Nobody served.</exception>
    public TResult Value => _failure is null ? _value : throw _failure;
}
