namespace Pepper.Resources.Policies;

/// <summary>
/// Spreads a key's hash over 64 bits: a hash of consecutive numbers is those numbers, and sketches and samples need bits that
/// look
/// random. The constants are those of the MurmurHash3 finaliser (Austin Appleby, public domain).
/// </summary>
internal static class HashMix
{
    public static ulong Spread(int hash)
    {
        var bits = (uint)hash + 0x9E3779B97F4A7C15UL;
        bits = (bits ^ (bits >> 33)) * 0xFF51AFD7ED558CCDUL;
        bits = (bits ^ (bits >> 33)) * 0xC4CEB9FE1A85EC53UL;
        return bits ^ (bits >> 33);
    }
}
