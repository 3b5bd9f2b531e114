namespace Pepper.Resources.Providers;

/// <summary>What a memory provider offers: entries that are remembered and searched.</summary>
public interface IMemoryStore
{
}
