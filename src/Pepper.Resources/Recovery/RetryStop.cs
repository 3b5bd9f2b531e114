namespace Pepper.Resources.Recovery;

/// <summary>Why a <see cref="RetryStrategy"/> made no further attempt after a failure that is worth one.</summary>
public enum RetryStop
{
    /// <summary><see cref="RetryOptions.MaxAttempts"/> attempts were made.</summary>
    AttemptsUsedUp,

    /// <summary>The <see cref="RetryBudget"/> refused: too many of the calls that share it fail.</summary>
    BudgetRefused,

    /// <summary>The server asked for a longer wait than <see cref="RetryOptions.MaxDelay"/>.</summary>
    RetryAfterTooLong,

    /// <summary>The next attempt would begin after <see cref="RetryOptions.MaxElapsedTime"/>.</summary>
    TimeUsedUp,
}
