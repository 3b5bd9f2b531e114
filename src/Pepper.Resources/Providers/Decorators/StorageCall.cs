namespace Pepper.Resources.Providers;

/// <summary>What is asked of a storage, for those that stand before it.</summary>
/// <param name="Operation">What is done: <c>put</c>, <c>get</c>, <c>stat</c>, <c>exists</c>, <c>delete</c>, <c>list</c>,
/// <c>set-ttl</c>, <c>purge</c>, <c>delete-prefix</c>.</param>
/// <param name="Key">The key or prefix; empty when there is none.</param>
/// <param name="MayRepeat">
/// Whether it may be done again after a failure that leaves open whether it was done: it changes nothing, comes to the same, or
/// is guarded by an ETag. Only a write from a stream may not, which can be read once.
/// </param>
public readonly record struct StorageCall(string Operation, string Key, bool MayRepeat = true);
