namespace Pepper.Cli;

/// <summary>What the process says at its end.</summary>
internal static class ExitCodes
{
    internal const int Fine = 0;

    /// <summary>Something leaked, failed or was not as it should be.</summary>
    internal const int Wrong = 1;

    /// <summary>An option that cannot be used, a taken port included.</summary>
    internal const int Usage = 2;

    /// <summary>A second Ctrl+C: left at once, as shells number it.</summary>
    internal const int Interrupted = 130;
}
