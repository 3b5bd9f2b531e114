using System.Diagnostics;

namespace Pepper.Resources.Pooling;

/// <summary>What some loans note of their holder beside its call site.</summary>
/// <param name="Flow">The flow in which it asked; null when there was none.</param>
/// <param name="Stack">Its stack; null when it was not captured.</param>
internal readonly record struct LoanNote(LeaseFlow? Flow, StackTrace? Stack)
{
    internal bool IsEmpty => Flow is null && Stack is null;
}
