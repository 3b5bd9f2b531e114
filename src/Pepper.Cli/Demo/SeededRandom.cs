namespace Pepper.Cli.Demo;

/// <summary>
/// SplitMix64: the same numbers for the same seed on every machine and with every version of the runtime. Not safe from several
/// threads.
/// </summary>
internal sealed class SeededRandom
{
    private ulong _state;

    /// <summary>Begins a stream; streams of one seed have nothing in common.</summary>
    internal SeededRandom(int seed, int stream)
    {
        _state = ((ulong)(uint)seed << 32) | (uint)stream;
        _state = NextBits();
    }

    /// <summary>A number from 0 to one below <paramref name="count"/>.</summary>
    internal int Next(int count) => (int)(((NextBits() >> 32) * (uint)count) >> 32);

    private ulong NextBits()
    {
        var mixed = _state += 0x9E3779B97F4A7C15;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        return mixed ^ (mixed >> 31);
    }
}
