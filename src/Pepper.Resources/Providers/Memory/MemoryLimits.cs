namespace Pepper.Resources.Providers;

/// <summary>
/// What any store of Pepper takes. One set for all, so that a program that works with one works with another; the tightest is
/// that of PostgreSQL's index rows (2,704 bytes for namespace and key) and of its tsvector (1 MiB).
/// </summary>
internal static class MemoryLimits
{
    internal const int TextLength = 65_536;
    internal const int NameBytes = 1_024;
    internal const int Segments = 32;
    internal const int Batch = 1_000;
    internal const int Dimensions = 4_096;
    internal const int Fields = 64;
    internal const int FieldTextLength = 4_096;
    internal const int Filters = 32;
    internal const int Page = 1_000;
}
