using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Pepper.Resources.Providers;

/// <summary>
/// What stores need of vectors. Stores keep unit vectors, so that the cosine of two is their dot product. Pure and thread safe.
/// </summary>
public static class MemoryVectors
{
    /// <summary>The dot product: of unit vectors, their cosine.</summary>
    /// <param name="left">One vector.</param>
    /// <param name="right">Another of the same length.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static float Dot(ReadOnlySpan<float> left, ReadOnlySpan<float> right)
    {
        if (left.Length != right.Length)
        {
            throw new ArgumentException($"A vector of {left.Length} elements and one of {right.Length} have no dot product.");
        }

        // Two sums, so that an addition need not wait for the one before it.
        Vector<float> even = default, odd = default;
        var at = 0;
        for (var width = Vector<float>.Count; at <= left.Length - (2 * width); at += 2 * width)
        {
            even += new Vector<float>(left[at..]) * new Vector<float>(right[at..]);
            odd += new Vector<float>(left[(at + width)..]) * new Vector<float>(right[(at + width)..]);
        }

        var sum = Vector.Sum(even + odd);
        for (; at < left.Length; at++)
        {
            sum += left[at] * right[at];
        }

        return sum;
    }

    /// <summary>The vector of length one in the same direction; of a vector without a direction, zeros.</summary>
    /// <param name="vector">Finite elements.</param>
    /// <exception cref="ArgumentException">An element is infinite or no number.</exception>
    public static float[] ToUnit(ReadOnlySpan<float> vector)
    {
        var squares = 0.0;
        foreach (var element in vector)
        {
            squares += (double)element * element;
        }

        if (!double.IsFinite(squares))
        {
            throw new ArgumentException("A vector has an element that is infinite or no number.", nameof(vector));
        }

        var unit = new float[vector.Length];
        if (squares > 0)
        {
            var factor = 1 / Math.Sqrt(squares);
            for (var index = 0; index < unit.Length; index++)
            {
                unit[index] = (float)(vector[index] * factor);
            }
        }

        return unit;
    }

    /// <summary>The elements as bytes, little end first on any machine.</summary>
    /// <param name="vector">The vector.</param>
    public static byte[] ToBytes(ReadOnlySpan<float> vector)
    {
        var bytes = new byte[vector.Length * sizeof(float)];
        for (var index = 0; index < vector.Length; index++)
        {
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(index * sizeof(float)), vector[index]);
        }

        return bytes;
    }

    /// <summary>The dot product with a vector that is still in bytes, which are not copied on a little-endian machine.</summary>
    /// <param name="vector">One vector.</param>
    /// <param name="bytes">What <see cref="ToBytes"/> gave of another of the same length.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static float Dot(ReadOnlySpan<float> vector, ReadOnlySpan<byte> bytes)
    {
        if (BitConverter.IsLittleEndian)
        {
            return Dot(vector, MemoryMarshal.Cast<byte, float>(bytes));
        }

        var other = new float[bytes.Length / sizeof(float)];
        for (var index = 0; index < other.Length; index++)
        {
            other[index] = BinaryPrimitives.ReadSingleLittleEndian(bytes[(index * sizeof(float))..]);
        }

        return Dot(vector, other);
    }
}
