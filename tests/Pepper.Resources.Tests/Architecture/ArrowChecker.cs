using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Pepper.Resources.Tests.Architecture;

/// <summary>
/// Finds the arrows between the core's floors that point up or sideways. Namespaces do not show folders, so every name is
/// resolved to its symbol, and the symbol to the file that declares it.
/// </summary>
internal static class ArrowChecker
{
    public static IReadOnlyList<string> Check(CSharpCompilation compilation) =>
    [
        .. compilation.SyntaxTrees.Where(tree => tree.FilePath.Length > 0)
            .SelectMany(tree => CheckTree(compilation, tree)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal),
    ];

    private static IEnumerable<string> CheckTree(CSharpCompilation compilation, SyntaxTree tree)
    {
        if (HouseTable.Find(HouseTable.FloorOf(tree.FilePath)) is not { } user)
        {
            var folder = HouseTable.FloorOf(tree.FilePath);
            yield return $"{tree.FilePath}: the folder {folder} is no floor of the house (HouseTable.cs)";
            yield break;
        }

        var model = compilation.GetSemanticModel(tree);
        foreach (var node in tree.GetRoot().DescendantNodes().Where(Names))
        {
            foreach (var used in SymbolsAt(model, node).SelectMany(Parts))
            {
                foreach (var fault in FloorsOf(used).Select(floor => Fault(user, floor, used)).OfType<string>())
                {
                    var line = node.GetLocation().GetLineSpan().StartLinePosition.Line + 1;
                    yield return $"{user.Name} ({tree.FilePath}:{line}) uses {fault}";
                }
            }
        }
    }

    private static string? Fault(Floor user, string floor, ISymbol used)
    {
        var type = used as INamedTypeSymbol ?? used.ContainingType;
        // The members of an extension block belong to a type without a name; the class around it has one.
        type = type.IsExtension ? type.ContainingType : type;
        if (floor == user.Name)
        {
            return null;
        }

        if (!user.MayUse.Contains(floor, StringComparer.Ordinal))
        {
            var allowed = user.MayUse.Count == 0 ? "no other floor" : string.Join(", ", user.MayUse);
            return $"{floor}.{type.Name}: arrows point down: {user.Name} may use {allowed}";
        }

        return !user.PublicTypesOnly || IsPublic(used)
            ? null
            : $"{floor}.{(ReferenceEquals(type, used) ? "" : type.Name + ".")}{used.Name}, which is not public: " +
                $"{user.Name} is a kind, and kinds stand on public types as third parties do";
    }

    /// <summary>The nodes that can bring another type in: names, and the places where the compiler fills a name in.</summary>
    private static bool Names(SyntaxNode node) => node is SimpleNameSyntax or BaseObjectCreationExpressionSyntax
        or ConstructorInitializerSyntax or ElementAccessExpressionSyntax or AttributeSyntax;

    private static IEnumerable<ISymbol> SymbolsAt(SemanticModel model, SyntaxNode node)
    {
        var info = model.GetSymbolInfo(node);
        // A call whose overload cannot be chosen (generated code is missing here) still names what it means.
        return info.Symbol is { } symbol ? [symbol] : info.CandidateSymbols;
    }

    private static IEnumerable<ISymbol> Parts(ISymbol symbol) => symbol switch
    {
        IAliasSymbol alias => Parts(alias.Target),
        IArrayTypeSymbol array => Parts(array.ElementType),
        INamedTypeSymbol { IsTupleType: true } tuple => tuple.TupleElements.SelectMany(element => Parts(element.Type)),
        INamedTypeSymbol type => type.TypeArguments.SelectMany(Parts).Append(type.OriginalDefinition),
        IMethodSymbol method => MethodParts(method.ReducedFrom ?? method).Concat(method.TypeArguments.SelectMany(Parts)),
        IPropertySymbol or IFieldSymbol or IEventSymbol => TypeArguments(symbol).Append(symbol.OriginalDefinition),
        _ => [],
    };

    private static IEnumerable<ISymbol> MethodParts(IMethodSymbol method) =>
        TypeArguments(method).Append(method.OriginalDefinition);

    private static IEnumerable<ISymbol> TypeArguments(ISymbol member) =>
        member.ContainingType?.TypeArguments.SelectMany(Parts) ?? [];

    private static IEnumerable<string> FloorsOf(ISymbol symbol)
    {
        // What the compiler itself adds to a type (a default constructor) stands where the type stands.
        var declared = symbol.DeclaringSyntaxReferences.IsEmpty && symbol.ContainingType is { } type ? type : symbol;
        return declared.DeclaringSyntaxReferences.Select(reference => reference.SyntaxTree.FilePath)
            .Where(path => path.Length > 0).Select(HouseTable.FloorOf).Distinct(StringComparer.Ordinal);
    }

    private static bool IsPublic(ISymbol symbol)
    {
        for (var at = symbol; at is not null and not INamespaceSymbol; at = at.ContainingSymbol)
        {
            if (at.DeclaredAccessibility is not Accessibility.Public and not Accessibility.Protected
                and not Accessibility.ProtectedOrInternal)
            {
                return false;
            }
        }

        return true;
    }
}
