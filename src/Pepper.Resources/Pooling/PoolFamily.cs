namespace Pepper.Resources.Pooling;

/// <summary>What the pools of one keyed pool have in common; a pool on its own has none.</summary>
/// <param name="Name">The keyed pool's name.</param>
/// <param name="Budget">The bound over all of them; null when there is none.</param>
/// <param name="LabelsKeys">Whether each reports under a label of its own; otherwise all do so as one, by that name.</param>
internal sealed record PoolFamily(string Name, PoolBudget? Budget, bool LabelsKeys);
