using System.Diagnostics.Metrics;
using Pepper.Resources.Monitoring;

namespace Pepper.Resources.Pooling;

/// <summary>
/// What a pool records on the hot paths, with labels that were made once: labels put together anew for each record cost as much
/// as an acquire.
/// </summary>
internal sealed class PoolInstruments(ResourceMonitor monitor, string pool, string type, bool isDatabase)
{
    private readonly Histogram<double> _acquisition = monitor.Instruments.Acquisition;
    private readonly Histogram<double> _useTime = monitor.Instruments.UseTime;
    private readonly Histogram<double> _waitTime = monitor.Instruments.WaitTime;
    private readonly Histogram<double> _dbUseTime = monitor.Instruments.DbUseTime;
    private readonly Histogram<double> _dbWaitTime = monitor.Instruments.DbWaitTime;
    private readonly KeyValuePair<string, object?>[] _ofPool = [new("pool", pool)];
    private readonly KeyValuePair<string, object?>[] _ofDatabase = [new("db.client.connection.pool.name", pool)];
    private readonly KeyValuePair<string, object?>[][] _ofOutcome =
    [
        .. Enum.GetValues<AcquireOutcome>().Select(outcome => new KeyValuePair<string, object?>[]
        {
            new("type", type), new("pool", pool), new("outcome", PoolLabels.Of(outcome)),
        }),
    ];

    /// <summary>Whether anybody wants to know how acquires end.</summary>
    internal bool CountsAcquires => _acquisition.Enabled;

    /// <summary>Whether anybody wants to know how long leases are out.</summary>
    internal bool IsUseTimed => _useTime.Enabled || (isDatabase && _dbUseTime.Enabled);

    /// <summary>Whether anybody wants to know how long callers wait.</summary>
    internal bool IsWaitTimed => _acquisition.Enabled || _waitTime.Enabled || (isDatabase && _dbWaitTime.Enabled);

    internal void RecordAcquire(AcquireOutcome outcome, TimeSpan time) =>
        ResourceMonitor.Record(_acquisition, time.TotalSeconds, _ofOutcome[(int)outcome]);

    internal void RecordWait(TimeSpan time)
    {
        ResourceMonitor.Record(_waitTime, time.TotalSeconds, _ofPool);
        if (isDatabase)
        {
            ResourceMonitor.Record(_dbWaitTime, time.TotalSeconds, _ofDatabase);
        }
    }

    internal void RecordUse(TimeSpan time)
    {
        ResourceMonitor.Record(_useTime, time.TotalSeconds, _ofPool);
        if (isDatabase)
        {
            ResourceMonitor.Record(_dbUseTime, time.TotalSeconds, _ofDatabase);
        }
    }
}
