namespace Pepper.Resources.Tests.Model;

/// <summary>
/// What the pool is free to choose. A model asks for a choice wherever any answer is legal; running it again after each
/// <see cref="TryNextPath"/> goes through all combinations of answers.
/// </summary>
internal sealed class Choices
{
    private readonly List<(int Taken, int Of)> _path = [];
    private int _next;

    /// <summary>One of so many: from 0 to one less.</summary>
    internal int OneOf(int count)
    {
        if (count <= 1)
        {
            return 0;
        }

        if (_next == _path.Count)
        {
            _path.Add((0, count));
        }

        return _path[_next++].Taken;
    }

    internal bool Maybe() => OneOf(2) == 1;

    /// <summary>Begins the next combination; false when all have been gone through.</summary>
    internal bool TryNextPath()
    {
        _next = 0;
        while (_path.Count > 0)
        {
            var (taken, of) = _path[^1];
            if (taken + 1 < of)
            {
                _path[^1] = (taken + 1, of);
                return true;
            }

            _path.RemoveAt(_path.Count - 1);
        }

        return false;
    }
}
