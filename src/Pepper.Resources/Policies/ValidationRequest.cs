namespace Pepper.Resources.Policies;

/// <summary>What is known of a resource that is about to be lent.</summary>
/// <param name="IdleFor">For how long nobody has held it.</param>
/// <param name="SinceValidated">How long ago it was created or last found good.</param>
/// <param name="Uses">How often it was lent before; 0 for the first time.</param>
/// <param name="IsSuspect">
/// Whether something happened since it was last found good that may have broken it too: another of its kind failed, the
/// network changed.
/// </param>
public readonly record struct ValidationRequest(TimeSpan IdleFor, TimeSpan SinceValidated, long Uses, bool IsSuspect);
