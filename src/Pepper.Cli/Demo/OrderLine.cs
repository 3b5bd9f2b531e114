namespace Pepper.Cli.Demo;

/// <summary>One line of an order; the price is for one piece, in cents.</summary>
internal readonly record struct OrderLine(int Product, int Quantity, int Price)
{
    internal static long Total(ReadOnlySpan<OrderLine> lines)
    {
        var total = 0L;
        foreach (var line in lines)
        {
            total += (long)line.Quantity * line.Price;
        }

        return total;
    }
}
