namespace Pepper.Resources;

/// <summary>What came of making a resource: one of the first two.</summary>
/// <param name="Resource">It is ready.</param>
/// <param name="Failure">Why there is none.</param>
/// <param name="Rest">Ends when nothing is left of a making that was given up, or that is left to itself. Never fails.</param>
internal readonly record struct Made(Resource? Resource, Exception? Failure, Task Rest);
