using System.Runtime.CompilerServices;
using Pepper.Resources.Monitoring;

namespace Pepper.Resources.Tests.Monitoring;

public sealed class WeakSourcesTests
{
    private readonly CircuitSources _sources = new();

    [Fact]
    public void Remove_One_LeavesTheOthers()
    {
        Circuit gone = new("gone", 2);
        Circuit stays = new("stays", 1);
        _sources.Add(gone);
        _sources.Add(stays);

        _sources.Remove(gone);
        _sources.Remove(gone);

        Assert.Equal(new CircuitReading("stays", 1), Assert.Single(_sources.Read()));
    }

    [Fact]
    public async Task Read_SourcesComeAndGoMeanwhile_SeesThoseThatStay()
    {
        Circuit[] stay = [.. Enumerable.Range(0, 100).Select(static number => new Circuit($"s{number}", number % 3))];
        Array.ForEach(stay, _sources.Add);
        var isOver = false;
        var coming = Task.Factory.StartNew(
            () =>
            {
                while (!Volatile.Read(ref isOver))
                {
                    Circuit passing = new("passing", 3);
                    _sources.Add(passing);
                    _sources.Remove(passing);
                }
            },
            TestContext.Current.CancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        for (var round = 0; round < 200; round++)
        {
            var seen = _sources.Read().Where(static one => one.Name != "passing").Select(static one => one.Name).Order();
            Assert.Equal(stay.Select(static one => one.Name).Order(), seen);
        }

        Volatile.Write(ref isOver, true);
        await coming.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
    }

    [Fact]
    public void Read_SourceThatNobodyHolds_IsForgotten()
    {
        AddAndDrop();
        for (var round = 0; round < 10 && _sources.Count > 0; round++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.Empty(_sources.Read());

        [MethodImpl(MethodImplOptions.NoInlining)]
        void AddAndDrop() => _sources.Add(new Circuit("dropped", 0));
    }

    private sealed class Circuit(string name, int state) : ICircuitSource
    {
        internal string Name => name;

        public CircuitReading ReadCircuit() => new(name, state);
    }
}
