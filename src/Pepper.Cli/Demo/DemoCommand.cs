using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Pepper.Cli.Demo;

/// <summary>The options of <c>pepper demo</c>, with their limits.</summary>
internal static class DemoCommand
{
    private const int MaxClients = 1_000;
    private const int MinOrders = 100;
    private const int MaxOrders = 10_000_000;
    private static readonly TimeSpan MaxDuration = TimeSpan.FromHours(24);
    private static readonly DemoOptions Defaults = new();

    internal static Command Create(TextWriter output, TextWriter error)
    {
        var duration = Option(
            "--duration", "TIME", "20s", ParseDuration, "How long the clients work: 500ms, 20s, 2m, 1h; at most 24h.");
        var clients = Option(
            "--clients", "N", Defaults.Clients, static result => ParseNumber(result, 1, MaxClients),
            $"How many clients work at once, 1 to {MaxClients}; the pool has {DemoOptions.MaxConnections} connections at most.");
        var urls = Option(
            "--urls", "URL", Defaults.Urls, ParseUrls,
            "Where metrics, health and the snapshot are served: http, on a loopback or on any address; port 0 is a free one.");
        var seed = Option(
            "--seed", "N", Defaults.Seed, static result => ParseNumber(result, int.MinValue, int.MaxValue),
            "What the data and the clients' choices follow from.");
        var orders = Option(
            "--orders", "N", Defaults.Orders, static result => ParseNumber(result, MinOrders, MaxOrders),
            "How many orders the database begins with.");

        // For tests, which have no time for the real size.
        orders.Hidden = true;

        var command = new Command("demo", "Makes a database of orders and lets many clients work on it through a small pool.")
        {
            duration, clients, urls, seed, orders,
        };
        command.SetAction((parsed, _) => DemoRun.RunAsync(
            new DemoOptions
            {
                Duration = Durations.TryParse(parsed.GetValue(duration)!, out var time) ? time.Value : Defaults.Duration,
                Clients = parsed.GetValue(clients),
                Urls = parsed.GetValue(urls)!,
                Seed = parsed.GetValue(seed),
                Orders = parsed.GetValue(orders),
            },
            output,
            error));
        return command;
    }

    private static Option<T> Option<T>(
        string name, string help, T value, Func<ArgumentResult, T> parse, string description) => new(name)
        {
            Description = description,
            HelpName = help,
            CustomParser = parse,
            DefaultValueFactory = _ => value,
        };

    // It stays a text, so that the help shows its default as one would write it.
    private static string ParseDuration(ArgumentResult result)
    {
        var text = Text(result);
        if (!Durations.TryParse(text, out var duration) || duration <= TimeSpan.Zero || duration > MaxDuration)
        {
            result.AddError($"--duration {text}: more than zero and at most 24h is needed, as 500ms, 20s, 2m or 1h.");
        }

        return text;
    }

    private static int ParseNumber(ArgumentResult result, int least, int most)
    {
        var text = Text(result);
        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            && number >= least && number <= most)
        {
            return number;
        }

        var name = ((OptionResult)result.Parent!).Option.Name;
        result.AddError(string.Create(
            CultureInfo.InvariantCulture, $"{name} {text}: a whole number from {least} to {most} is needed."));
        return default;
    }

    private static string ParseUrls(ArgumentResult result)
    {
        var text = Text(result);
        if (DemoUrl.Fault(text) is { } fault)
        {
            result.AddError($"--urls {text}: {fault}");
        }

        return text;
    }

    private static string Text(ArgumentResult result) => result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
}
