namespace Pepper.Resources;

/// <summary>
/// What a failure says. That is the user's code, which may itself fail, and must not cost anybody an answer or a place.
/// </summary>
internal static class FailureText
{
    internal static string Of(Exception failure)
    {
        try
        {
            return failure.Message;
        }
        catch (Exception)
        {
            return failure.GetType().Name;
        }
    }
}
