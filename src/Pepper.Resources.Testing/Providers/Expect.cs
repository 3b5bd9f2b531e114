namespace Pepper.Resources.Testing;

/// <summary>What tests of a suite say with, whatever framework runs them.</summary>
internal static class Expect
{
    internal static void That(bool condition, string what)
    {
        if (!condition)
        {
            throw new ConformanceException($"Expected that {what}.");
        }
    }

    internal static void Equal<T>(T expected, T actual, string what)
    {
        if (!EqualityComparer<T>.Default.Equals(expected, actual))
        {
            throw new ConformanceException($"Expected {what} to be {Show(expected)}, but it is {Show(actual)}.");
        }
    }

    internal static void Same(IEnumerable<string> expected, IEnumerable<string> actual, string what)
    {
        List<string> left = [.. expected], right = [.. actual];
        if (!left.SequenceEqual(right, StringComparer.Ordinal))
        {
            throw new ConformanceException(
                $"Expected {what} to be [{string.Join(", ", left)}], but it is [{string.Join(", ", right)}].");
        }
    }

    internal static T NotNull<T>(T? value, string what)
        where T : class => value ?? throw new ConformanceException($"Expected {what}, but there is none.");

    internal static async Task<TException> ThrowsAsync<TException>(Func<Task> work, string what)
        where TException : Exception
    {
        try
        {
            await work().ConfigureAwait(false);
        }
        catch (TException expected)
        {
            return expected;
        }
        catch (Exception other)
        {
            throw new ConformanceException(
                $"Expected a {typeof(TException).Name} from {what}, but a {other.GetType().Name} came: {other.Message}", other);
        }

        throw new ConformanceException($"Expected a {typeof(TException).Name} from {what}, but nothing was thrown.");
    }

    private static string Show<T>(T value) => value is null ? "null" : $"'{value}'";
}
