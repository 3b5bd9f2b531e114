namespace Pepper.Resources.Recovery;

/// <summary>What a failure says. That is the user's code, which may itself fail, and must not cost anybody an answer.</summary>
internal static class ErrorText
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
