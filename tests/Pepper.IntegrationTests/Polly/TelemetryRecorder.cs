using System.Collections.Concurrent;
using Polly.Telemetry;

namespace Pepper.IntegrationTests.Polly;

/// <summary>What a pipeline told its telemetry.</summary>
internal sealed class TelemetryRecorder : TelemetryListener
{
    private readonly ConcurrentQueue<(string Name, string Strategy, object? Arguments, ResilienceEventSeverity Severity)> _events =
        new();

    public IReadOnlyList<string> Names => [.. _events.Select(static one => one.Name).Where(static name => name[0] == 'O')];

    public IReadOnlyList<string?> Strategies => [.. _events.Where(static one => one.Name[0] == 'O').Select(one => one.Strategy)];

    public IReadOnlyList<T> Of<T>(string name) => [.. _events.Where(one => one.Name == name).Select(one => (T)one.Arguments!)];

    public IReadOnlyList<ResilienceEventSeverity> SeveritiesOf(string name) =>
        [.. _events.Where(one => one.Name == name).Select(one => one.Severity)];

    public override void Write<TResult, TArgs>(in TelemetryEventArguments<TResult, TArgs> args) =>
        _events.Enqueue((args.Event.EventName, args.Source.StrategyName ?? "", args.Arguments, args.Event.Severity));
}
