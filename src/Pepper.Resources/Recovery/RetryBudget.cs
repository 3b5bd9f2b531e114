using Pepper.Resources.Monitoring;

namespace Pepper.Resources.Recovery;

/// <summary>
/// What retries are paid from: a bucket of tokens that calls fill by a ratio, and time by a minimum. When much fails, retries
/// are a bounded part of the load, instead of multiplying it. Share one among all that talk to the same server.
/// </summary>
/// <remarks>
/// <para>Safe from any thread, without locks. While the bucket is full, a call writes nothing; only a retry reads the
/// clock.</para>
/// <para>After the retry budget of Finagle (<c>RetryBudget.scala</c>), with a capacity instead of tokens that age.</para>
/// </remarks>
public sealed class RetryBudget : IRetryBudgetSource
{
    // A token has so many parts, so that ratios are whole numbers.
    private const long Token = 1000;

    private readonly TimeProvider _timeProvider;
    private readonly long _capacity;
    private readonly long _perCall;
    private readonly double _perSecond;
    private long _balance;
    private long _refilledAt;
    private long _granted;
    private long _refused;

    /// <summary>Makes a budget, which is full.</summary>
    /// <param name="options">Ratio, minimum and capacity. Default: a default <see cref="RetryBudgetOptions"/>.</param>
    /// <param name="timeProvider">Where it takes the time from. Default: the system's.</param>
    /// <param name="monitor">Where it is seen. Default: <see cref="ResourceMonitor.Shared"/>.</param>
    /// <exception cref="ArgumentException">The options have faults; the message lists all of them.</exception>
    public RetryBudget(
        RetryBudgetOptions? options = null, TimeProvider? timeProvider = null, ResourceMonitor? monitor = null)
    {
        var frozen = (options ?? new RetryBudgetOptions()).Freeze();
        Name = frozen.Name;
        _timeProvider = timeProvider ?? TimeProvider.System;
        _capacity = frozen.Capacity * Token;
        _perCall = (long)Math.Round(frozen.Ratio * Token);
        _perSecond = frozen.MinimumPerSecond * Token;
        _balance = _capacity;
        _refilledAt = _timeProvider.GetTimestamp();
        (monitor ?? ResourceMonitor.Shared).Budgets.Add(this);
    }

    /// <summary>The name in messages, logs and metrics.</summary>
    public string Name { get; }

    /// <summary>How many retries it would pay for now.</summary>
    public double Available
    {
        get
        {
            Refill();
            return (double)Volatile.Read(ref _balance) / Token;
        }
    }

    /// <summary>How many retries it has paid for.</summary>
    public long Granted => Volatile.Read(ref _granted);

    /// <summary>How many retries it has refused.</summary>
    public long Refused => Volatile.Read(ref _refused);

    /// <summary>Tells it of a call, the first attempt, which pays a part of a retry.</summary>
    public void Deposit() => Add(_perCall);

    /// <summary>Asks for a retry.</summary>
    /// <returns>Whether it is paid for.</returns>
    public bool TryWithdraw()
    {
        if (!TryReserve())
        {
            return false;
        }

        Pay();
        return true;
    }

    /// <summary>Asks for a retry that may yet prove impossible for another reason: it is to be paid, or released.</summary>
    internal bool TryReserve()
    {
        Refill();
        while (true)
        {
            long balance = Volatile.Read(ref _balance);
            if (balance < Token)
            {
                Interlocked.Increment(ref _refused);
                return false;
            }

            if (Interlocked.CompareExchange(ref _balance, balance - Token, balance) == balance)
            {
                return true;
            }
        }
    }

    /// <summary>What was reserved is made.</summary>
    internal void Pay() => Interlocked.Increment(ref _granted);

    /// <summary>What was reserved is not made: others may have it.</summary>
    internal void Release() => Add(Token);

    RetryBudgetReading IRetryBudgetSource.ReadBudget() => new(Name, Available, Granted, Refused);

    private void Add(long amount)
    {
        while (true)
        {
            long balance = Volatile.Read(ref _balance);
            long filled = Math.Min(_capacity, balance + amount);
            if (filled == balance || Interlocked.CompareExchange(ref _balance, filled, balance) == balance)
            {
                return;
            }
        }
    }

    // Whoever moves the mark on adds what the time in between was worth; a part of a token stays before the mark.
    private void Refill()
    {
        if (_perSecond <= 0)
        {
            return;
        }

        long frequency = _timeProvider.TimestampFrequency;
        long mark = Volatile.Read(ref _refilledAt);
        long now = _timeProvider.GetTimestamp();
        double gained = Math.Floor((now - mark) * _perSecond / frequency);
        if (gained < 1)
        {
            return;
        }

        long moved = gained >= _capacity ? now : mark + (long)Math.Ceiling(gained * frequency / _perSecond);
        if (Interlocked.CompareExchange(ref _refilledAt, moved, mark) == mark)
        {
            Add((long)Math.Min(gained, _capacity));
        }
    }
}
