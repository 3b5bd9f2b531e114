using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Pepper.Resources;

/// <summary>The stack of a caller: taken as it is, and made into text only when somebody reads it.</summary>
internal static class CallStack
{
    private const int MostInLine = 8;

    private static readonly string? OwnAssembly = typeof(CallStack).Assembly.GetName().Name;

    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static StackTrace Capture() => new(skipFrames: 1, fNeedFileInfo: false);

    /// <summary>As usual, a frame a line, from the first that is not Pepper's own on.</summary>
    internal static string Format(StackTrace stack)
    {
        var frames = stack.GetFrames();
        return new StackTrace(frames.SkipWhile(IsOwn)).ToString().TrimEnd();
    }

    /// <summary>The innermost frames in one line, each after the one that it was called from.</summary>
    internal static string InOneLine(string text)
    {
        var frames = text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return string.Join(" < ", frames.Take(MostInLine).Select(static frame => frame[(frame.IndexOf(' ') + 1)..]))
            + (frames.Length > MostInLine ? " < …" : string.Empty);
    }

    // By name: the runtime knows it also where methods have been trimmed.
    private static bool IsOwn(StackFrame frame) =>
        DiagnosticMethodInfo.Create(frame) is { DeclaringAssemblyName: var assembly }
        && assembly.Split(',')[0] == OwnAssembly;
}
