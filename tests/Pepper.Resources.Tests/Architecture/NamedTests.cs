using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Pepper.Resources.Tests.Architecture;

/// <summary>Tests that pages name, as <c>Class</c> or <c>Class.Method</c>.</summary>
internal static class NamedTests
{
    private static readonly Lazy<ILookup<string, TypeDeclarationSyntax>> TestTypes = new(() =>
        Sources.All.Where(tree => tree.FilePath.StartsWith("tests/", StringComparison.Ordinal))
            .SelectMany(tree => tree.GetRoot().DescendantNodes().OfType<TypeDeclarationSyntax>())
            .ToLookup(type => type.Identifier.Text, StringComparer.Ordinal));

    /// <summary>What is wrong with the name; null when there is such a test.</summary>
    public static string? Fault(string name)
    {
        var parts = name.Split('.');
        if (!TestTypes.Value.Contains(parts[0]))
        {
            return $"no test class {parts[0]}";
        }

        return parts.Length == 1 || HasMethod(parts[0], parts[1]) ? null : $"no test {name}";
    }

    /// <summary>The method may stand in a base class: contract tests do.</summary>
    private static bool HasMethod(string type, string method) => TestTypes.Value[type].Any(part =>
        part.Members.OfType<MethodDeclarationSyntax>().Any(member => member.Identifier.Text == method) ||
        (part.BaseList?.Types.Any(parent =>
            SimpleName(parent.Type) is var name && name != type && HasMethod(name, method)) ?? false));

    private static string SimpleName(TypeSyntax type) => type switch
    {
        QualifiedNameSyntax qualified => qualified.Right.Identifier.Text,
        SimpleNameSyntax simple => simple.Identifier.Text,
        _ => "",
    };
}
