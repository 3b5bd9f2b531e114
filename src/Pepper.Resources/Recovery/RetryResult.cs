namespace Pepper.Resources.Recovery;

/// <summary>What came of a call that tells its failure instead of throwing it.</summary>
/// <typeparam name="TResult">What the work yields.</typeparam>
public readonly struct RetryResult<TResult>
{
    private readonly TResult _value;

    internal RetryResult(TResult value, int attempts)
    {
        _value = value;
        Attempts = attempts;
    }

    internal RetryResult(Exception failure, int attempts)
    {
        _value = default!;
        Failure = failure;
        Attempts = attempts;
    }

    /// <summary>Whether an attempt succeeded.</summary>
    public bool IsSuccess => Failure is null;

    /// <summary>
    /// What <see cref="RetryStrategy"/> would have thrown: <see cref="MaxRetriesExceededException"/>, or the failure itself when
    /// it was not worth another attempt; <c>null</c> after a success.
    /// </summary>
    public Exception? Failure { get; }

    /// <summary>How many attempts were made: from 1.</summary>
    public int Attempts { get; }

    /// <summary>What the work yielded.</summary>
    /// <exception cref="InvalidOperationException">It failed; the failure is the inner exception.</exception>
    public TResult Value => Failure is null
        ? _value
        : throw new InvalidOperationException("There is no value, as the work failed; look at IsSuccess first.", Failure);
}
