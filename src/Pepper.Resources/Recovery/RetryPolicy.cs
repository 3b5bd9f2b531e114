namespace Pepper.Resources.Recovery;

/// <summary>What is worth another attempt, and after how long. It asks the user's delegates, and outlives them.</summary>
internal sealed class RetryPolicy(RetryOptions options)
{
    private const int DeepestCause = 8;

    internal bool IsWorthAnother(in RetryFailure failure)
    {
        var mayRetry = (failure.Exception as IRetryHint)?.MayRetry;
        if (mayRetry == false || (mayRetry is null && !failure.IsIdempotent))
        {
            return false;
        }

        if (options.ShouldRetry is not { } decide)
        {
            return mayRetry == true || MayChange(failure.Exception);
        }

        try
        {
            return decide(failure);
        }
        catch (Exception)
        {
            return false;
        }
    }

    /// <summary>Sets the delay; false when the server asks for more than the cap.</summary>
    internal bool TryGetDelay(ref RetryCourse course, out TimeSpan asked)
    {
        asked = RetryAfterOf(course.Last) ?? TimeSpan.Zero;
        if (asked > options.MaxDelay)
        {
            return false;
        }

        var delay = Generate(course) ?? RetryDelay.After(course.Failures.Count, course.Delay, options);
        delay = delay < asked ? asked : delay;
        course.Delay = delay > options.MaxDelay ? options.MaxDelay : delay;
        return true;
    }

    // Errors of the program, and refusals that were made up to be final: another attempt would meet the same.
    private static bool MayChange(Exception failure) => failure is not (
        ArgumentException or NotSupportedException or ObjectDisposedException or CircuitOpenException
        or MaxRetriesExceededException);

    private TimeSpan? Generate(in RetryCourse course)
    {
        try
        {
            return options.DelayGenerator?.Invoke(
                new RetryFailure(course.Last, course.Failures.Count, course.IsIdempotent)) is { } delay
                ? TimeSpan.FromTicks(Math.Max(0, delay.Ticks))
                : null;
        }
        catch (Exception)
        {
            return null;
        }
    }

    private TimeSpan? RetryAfterOf(Exception failure)
    {
        if (options.RetryAfter is { } read)
        {
            try
            {
                return read(failure);
            }
            catch (Exception)
            {
                return null;
            }
        }

        var cause = failure;
        for (var depth = 0; cause is not null && depth < DeepestCause; depth++, cause = cause.InnerException)
        {
            if (cause is IRetryHint { RetryAfter: { } asked })
            {
                return asked;
            }
        }

        return null;
    }
}
