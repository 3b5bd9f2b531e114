using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Pepper.Resources.Monitoring;

namespace Pepper.Resources.Providers;

/// <summary>
/// Counts and times what is done to providers. A monitor that fails, such as one whose listener throws, never fails the
/// operation: it says so in the log. Safe from any thread.
/// </summary>
public sealed class ProviderMonitor
{
    private readonly ResourceMonitor _monitor;
    private readonly ILogger _logger;

    /// <summary>Makes one.</summary>
    /// <param name="monitor">
    /// The monitor whose meter is written to, and whose allow-list further labels pass. Default:
    /// <see cref="ResourceMonitor.Shared"/>.
    /// </param>
    /// <param name="logger">Where failures are told. Default: nowhere.</param>
    public ProviderMonitor(ResourceMonitor? monitor = null, ILogger? logger = null)
    {
        _monitor = monitor ?? ResourceMonitor.Shared;
        _logger = new SafeLogger(logger ?? NullLogger.Instance);
    }

    /// <summary>
    /// Counts one operation in <c>pepperpy_provider_operations_total</c> and, when it succeeded and took time, records it in
    /// <c>pepperpy_provider_duration_seconds</c>. Never throws.
    /// </summary>
    /// <param name="operation">What was done, in lower case: <c>register</c>.</param>
    /// <param name="type">What sort of provider it was done to, in lower case: <c>memory</c>.</param>
    /// <param name="success">Whether it succeeded.</param>
    /// <param name="duration">How long it took. Default: not known, not recorded.</param>
    /// <param name="name">The name of the provider. Default: not known, no label.</param>
    /// <param name="labels">
    /// More labels; only those that <see cref="ResourceMonitorOptions.AllowedLabels"/> names are used.
    /// </param>
    public void RecordOperation(
        string operation,
        string type,
        bool success = true,
        TimeSpan duration = default,
        string? name = null,
        params ReadOnlySpan<KeyValuePair<string, string>> labels)
    {
        try
        {
            var tags = new TagList
            {
                { "operation", operation }, { "type", type }, { "success", success ? "true" : "false" },
            };
            if (name is not null)
            {
                tags.Add("name", name);
            }

            foreach (var (key, value) in labels)
            {
                if (key is not "name" && _monitor.Allows(key))
                {
                    tags.Add(key, value);
                }
            }

            _monitor.Providers.Operations.Add(1, tags);
            if (success && duration > TimeSpan.Zero)
            {
                _monitor.Providers.Duration.Record(duration.TotalSeconds, tags);
            }
        }
        catch (Exception failure)
        {
            ProviderLog.RecordFailed(
                _logger, operation, type, success, duration, name, FailureText.Of(failure), failure);
        }
    }
}
