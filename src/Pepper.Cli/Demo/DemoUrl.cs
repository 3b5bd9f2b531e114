using System.Net;
using Microsoft.AspNetCore.Http;

namespace Pepper.Cli.Demo;

/// <summary>Which addresses the demo listens on: this machine's own, as it serves whoever asks.</summary>
internal static class DemoUrl
{
    /// <summary>What is wrong with an address, or null.</summary>
    internal static string? Fault(string url)
    {
        const string Example = "an address as http://127.0.0.1:5080 is needed.";
        BindingAddress address;
        try
        {
            address = BindingAddress.Parse(url);
        }
        catch (Exception failure) when (failure is FormatException or ArgumentException)
        {
            return $"not an address; {Example}";
        }

        if (!string.Equals(address.Scheme, Uri.UriSchemeHttp, StringComparison.OrdinalIgnoreCase))
        {
            return $"only http is served; {Example}";
        }

        if (address.IsUnixPipe || address.IsNamedPipe || address.PathBase.Length > 0 || address.Host.Length == 0)
        {
            return $"a host and a port, and nothing else; {Example}";
        }

        if (address.Port is < 0 or > IPEndPoint.MaxPort)
        {
            return $"a port is from 0 to {IPEndPoint.MaxPort}; {Example}";
        }

        return FaultOfHost(address, Example);
    }

    private static string? FaultOfHost(BindingAddress address, string example)
    {
        if (string.Equals(address.Host, "localhost", StringComparison.OrdinalIgnoreCase))
        {
            return address.Port == 0 ? "localhost is two addresses and cannot share a free port; name 127.0.0.1 instead." : null;
        }

        if (address.Host is "*" or "+")
        {
            return null;
        }

        if (!IPAddress.TryParse(address.Host.Trim('[', ']'), out var ip))
        {
            return $"a loopback address, or any address (0.0.0.0), is needed, not a name; {example}";
        }

        return IPAddress.IsLoopback(ip) || ip.Equals(IPAddress.Any) || ip.Equals(IPAddress.IPv6Any)
            ? null
            : $"a loopback address, or any address (0.0.0.0), is needed; {example}";
    }
}
