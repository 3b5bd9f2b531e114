namespace Pepper.Resources;

/// <summary>
/// Says who asks where a signature has no room for it: <c>using (LeaseTag.Use("orders: nightly"))</c>. What is acquired by way
/// of <see cref="System.Data.Common.DbDataSource"/>, whose methods take no caller information, shows the tag as the member of
/// its call site. A call site that the compiler has filled in stays as it is.
/// </summary>
/// <remarks>It follows the code through its awaits, and into the tasks that it starts. Safe from any thread.</remarks>
public sealed class LeaseTag : IDisposable
{
    private static readonly AsyncLocal<LeaseTag?> Ambient = new();

    private readonly LeaseTag? _outer;
    private volatile bool _isEnded;

    private LeaseTag(string text, LeaseTag? outer)
    {
        Text = text;
        _outer = outer;
    }

    /// <summary>The innermost tag that is in use where the caller is; <c>null</c> when there is none.</summary>
    public static string? Current => Ambient.Value?.Living?.Text;

    /// <summary>What it says.</summary>
    public string Text { get; }

    private LeaseTag? Living
    {
        get
        {
            var tag = this;
            while (tag is { _isEnded: true })
            {
                tag = tag._outer;
            }

            return tag;
        }
    }

    /// <summary>Uses a tag until it is disposed; within another one it takes that one's place.</summary>
    /// <param name="text">Who asks: not empty.</param>
    /// <returns>The tag, to be disposed.</returns>
    /// <exception cref="ArgumentException"><paramref name="text"/> is null, empty or blank.</exception>
    public static LeaseTag Use(string text)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(text);
        return Ambient.Value = new LeaseTag(text, Ambient.Value?.Living);
    }

    /// <summary>Uses the outer tag again, if there is one. Twice is harmless.</summary>
    public void Dispose()
    {
        _isEnded = true;
        if (ReferenceEquals(Ambient.Value, this))
        {
            Ambient.Value = Living;
        }
    }
}
