using System.Collections;
using System.Collections.Concurrent;

namespace Pepper.Resources.Policies;

/// <summary>Policies of one kind by name. It is a collection only so that it can be written down as one.</summary>
internal sealed class NamedPolicies<TArgument, TPolicy>(string kind) : IEnumerable
{
    private readonly ConcurrentDictionary<string, Func<TArgument, TPolicy>> _creators = new(StringComparer.OrdinalIgnoreCase);

    public IReadOnlyList<string> Names => [.. _creators.Keys.Order(StringComparer.Ordinal)];

    public void Add(string name, Func<TArgument, TPolicy> create)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(create);
        if (!name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter == '-'))
        {
            throw new ArgumentException($"'{name}' is no name of an {kind}: letters, digits and hyphens only.", nameof(name));
        }

        if (!_creators.TryAdd(name, create))
        {
            throw new ArgumentException(
                $"An {kind} named '{name}' is there already; register yours under another name.", nameof(name));
        }
    }

    public TPolicy Create(string name, TArgument argument)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return _creators.TryGetValue(name, out var create)
            ? create(argument)
            : throw new ArgumentException(
                $"There is no {kind} named '{name}'; there are {string.Join(", ", Names)}.", nameof(name));
    }

    public IEnumerator GetEnumerator() => Names.GetEnumerator();
}
