namespace Pepper.Resources.Pooling;

internal static class DestroyReasons
{
    internal const int Count = (int)DestroyReason.Evicted + 1;

    private static readonly string[] Labels =
    [
        "idle_timeout", "max_lifetime", "max_uses", "invalidated", "validation_failed", "reset_failed",
        "pool_invalidated", "resized", "leaked", "pool_closed", "too_late", "evicted",
    ];

    internal static string ToLabel(this DestroyReason reason) => Labels[(int)reason];
}
