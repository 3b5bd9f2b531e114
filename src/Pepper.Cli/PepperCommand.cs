using System.CommandLine;
using System.CommandLine.Parsing;
using Pepper.Cli.Demo;

namespace Pepper.Cli;

/// <summary>The command line of <c>pepper</c>.</summary>
internal static class PepperCommand
{
    /// <summary>Runs a command line. Every fault ends in one line on <paramref name="error"/>, never in a stack trace.</summary>
    internal static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter error)
    {
        var root = new RootCommand("Pepper keeps the expensive things that a .NET program holds.")
        {
            DemoCommand.Create(output, error),
        };

        // A file of options is nothing that a few short ones need, and '@' begins no value of theirs.
        var parsed = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0)
        {
            await error.WriteLineAsync($"pepper: {Fault(parsed)}");
            return ExitCodes.Usage;
        }

        try
        {
            // Signals are the command's own affair: it has a folder to remove.
            return await parsed.InvokeAsync(new InvocationConfiguration
            {
                Output = output,
                Error = error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            });
        }
        catch (UsageException fault)
        {
            await error.WriteLineAsync($"pepper: {fault.Message}");
            return ExitCodes.Usage;
        }
        catch (Exception failure)
        {
            await error.WriteLineAsync($"pepper: {OneLine(failure.Message)} ({failure.GetType().Name})");
            return ExitCodes.Wrong;
        }
    }

    /// <summary>All faults in one line. A word that is not known is named once, not also as a command that is missing.</summary>
    private static string Fault(ParseResult parsed)
    {
        var unknown = parsed.UnmatchedTokens;
        if (unknown.Count > 0)
        {
            var word = unknown.FirstOrDefault(static token => token.StartsWith('-')) ?? unknown[0];
            var what = word.StartsWith('-') ? "option" : parsed.CommandResult.Command is RootCommand ? "command" : "argument";
            return OneLine($"unknown {what} '{word}'; see '{Help(parsed)}'");
        }

        if (parsed.CommandResult.Command is RootCommand)
        {
            return "a command is needed: demo; see 'pepper --help'";
        }

        return OneLine(string.Join(" ", parsed.Errors.Select(static fault => fault.Message)));
    }

    private static string Help(ParseResult parsed) =>
        parsed.CommandResult.Command is RootCommand ? "pepper --help" : $"pepper {parsed.CommandResult.Command.Name} --help";

    private static string OneLine(string text) => text.ReplaceLineEndings(" ").Trim();
}
