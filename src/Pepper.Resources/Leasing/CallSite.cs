namespace Pepper.Resources;

/// <summary>Where in the source a lease was asked for, as the compiler saw it.</summary>
/// <param name="Member">The calling member.</param>
/// <param name="File">The source file's name, without its folders.</param>
/// <param name="Line">The line in it, from 1; 0 when it is not known.</param>
public readonly record struct CallSite(string Member, string File, int Line)
{
    /// <summary>A call site that nothing is known of.</summary>
    internal static CallSite Unknown => new("unknown", string.Empty, 0);

    /// <summary>The call site as the compiler's caller information gives it.</summary>
    internal static CallSite From(string? member, string? path, int line) =>
        member is null ? Unknown : new CallSite(member, FileNameOf(path), line);

    /// <summary>As <c>Member (File:Line)</c>.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => File is { Length: > 0 } ? $"{Member} ({File}:{Line})" : Member ?? "unknown";

    // The path is the build machine's, whose separators need not be this machine's.
    private static string FileNameOf(string? path) =>
        path is null ? string.Empty : path[(path.AsSpan().LastIndexOfAny('/', '\\') + 1)..];
}
