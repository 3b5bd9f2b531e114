using Pepper.Cli;

namespace Pepper.IntegrationTests.Cli;

public sealed class CommandLineTests
{
    private const string Address = "an address as http://127.0.0.1:5080 is needed.";

    [Theory]
    [InlineData("", "a command is needed: demo; see 'pepper --help'")]
    [InlineData("foo", "unknown command 'foo'; see 'pepper --help'")]
    [InlineData("demo --bogus", "unknown option '--bogus'; see 'pepper demo --help'")]
    [InlineData("demo --bogus 5 --clients 3", "unknown option '--bogus'; see 'pepper demo --help'")]
    [InlineData("demo extra", "unknown argument 'extra'; see 'pepper demo --help'")]
    [InlineData("demo @file", "unknown argument '@file'; see 'pepper demo --help'")]
    [InlineData("demo --clients 0", "--clients 0: a whole number from 1 to 1000 is needed.")]
    [InlineData("demo --clients 1001", "--clients 1001: a whole number from 1 to 1000 is needed.")]
    [InlineData("demo --clients many", "--clients many: a whole number from 1 to 1000 is needed.")]
    [InlineData("demo --clients", "Required argument missing for option: '--clients'.")]
    [InlineData("demo --seed 1.5", "--seed 1.5: a whole number from -2147483648 to 2147483647 is needed.")]
    [InlineData("demo --orders 99", "--orders 99: a whole number from 100 to 10000000 is needed.")]
    [InlineData("demo --duration 20", "--duration 20: more than zero and at most 24h is needed, as 500ms, 20s, 2m or 1h.")]
    [InlineData("demo --duration 0s", "--duration 0s: more than zero and at most 24h is needed, as 500ms, 20s, 2m or 1h.")]
    [InlineData("demo --duration 25h", "--duration 25h: more than zero and at most 24h is needed, as 500ms, 20s, 2m or 1h.")]
    [InlineData("demo --urls https://127.0.0.1:1", "--urls https://127.0.0.1:1: only http is served; " + Address)]
    [InlineData("demo --urls 5080", "--urls 5080: not an address; " + Address)]
    [InlineData("demo --urls http://127.0.0.1:70000", "--urls http://127.0.0.1:70000: a port is from 0 to 65535; " + Address)]
    [InlineData(
        "demo --urls http://127.0.0.1:1/x", "--urls http://127.0.0.1:1/x: a host and a port, and nothing else; " + Address)]
    [InlineData(
        "demo --urls http://192.0.2.1:80",
        "--urls http://192.0.2.1:80: a loopback address, or any address (0.0.0.0), is needed; " + Address)]
    [InlineData(
        "demo --urls http://localhost:0",
        "--urls http://localhost:0: localhost is two addresses and cannot share a free port; name 127.0.0.1 instead.")]
    public async Task Run_BadCommandLine_IsOneLineAndExitCode2(string line, string fault)
    {
        var (code, output, error) = await RunAsync(line);

        Assert.Equal($"pepper: {fault}{Environment.NewLine}", error);
        Assert.Empty(output);
        Assert.Equal(2, code);
    }

    [Fact]
    public async Task Run_SeveralBadOptions_NamesAllInOneLine()
    {
        var (code, _, error) = await RunAsync("demo --clients 0 --seed x");

        Assert.Equal(2, code);
        Assert.Contains("--clients 0:", error, StringComparison.Ordinal);
        Assert.Contains("--seed x:", error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task Run_Help_ShowsEveryOptionWithItsDefault()
    {
        var (code, output, error) = await RunAsync("demo --help");

        Assert.Equal(0, code);
        Assert.Empty(error);
        string[] expected = ["--duration", "[default: 20s]", "--clients", "[default: 32]", "--urls", "--seed", "[default: 1]"];
        foreach (var text in expected)
        {
            Assert.Contains(text, output, StringComparison.Ordinal);
        }

        Assert.DoesNotContain("--orders", output, StringComparison.Ordinal);
    }

    private static async Task<(int Code, string Output, string Error)> RunAsync(string line)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var code = await PepperCommand.RunAsync(line.Split(' ', StringSplitOptions.RemoveEmptyEntries), output, error);
        return (code, output.ToString(), error.ToString());
    }
}
