using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Pepper.Tests;

/// <summary>
/// Renders what users of a library can see, as sorted text: a heading per type, a line per member. It reads the built
/// assembly through the compiler, which knows nullability, constraints and default values better than reflection does.
/// </summary>
internal static class PublicApiText
{
    private const SymbolDisplayMiscellaneousOptions Misc =
        SymbolDisplayMiscellaneousOptions.UseSpecialTypes |
        SymbolDisplayMiscellaneousOptions.IncludeNullableReferenceTypeModifier |
        SymbolDisplayMiscellaneousOptions.EscapeKeywordIdentifiers |
        SymbolDisplayMiscellaneousOptions.AllowDefaultLiteral;

    private static readonly SymbolDisplayFormat Members = new(
        typeQualificationStyle: SymbolDisplayTypeQualificationStyle.NameAndContainingTypes,
        genericsOptions: SymbolDisplayGenericsOptions.IncludeTypeParameters |
            SymbolDisplayGenericsOptions.IncludeTypeConstraints | SymbolDisplayGenericsOptions.IncludeVariance,
        memberOptions: SymbolDisplayMemberOptions.IncludeAccessibility | SymbolDisplayMemberOptions.IncludeModifiers |
            SymbolDisplayMemberOptions.IncludeType | SymbolDisplayMemberOptions.IncludeRef |
            SymbolDisplayMemberOptions.IncludeParameters | SymbolDisplayMemberOptions.IncludeConstantValue,
        delegateStyle: SymbolDisplayDelegateStyle.NameAndSignature,
        extensionMethodStyle: SymbolDisplayExtensionMethodStyle.StaticMethod,
        parameterOptions: SymbolDisplayParameterOptions.IncludeType | SymbolDisplayParameterOptions.IncludeName |
            SymbolDisplayParameterOptions.IncludeDefaultValue | SymbolDisplayParameterOptions.IncludeModifiers |
            SymbolDisplayParameterOptions.IncludeExtensionThis,
        propertyStyle: SymbolDisplayPropertyStyle.ShowReadWriteDescriptor,
        kindOptions: SymbolDisplayKindOptions.IncludeMemberKeyword,
        miscellaneousOptions: Misc);

    private static readonly SymbolDisplayFormat Types = new(
        typeQualificationStyle: SymbolDisplayTypeQualificationStyle.NameAndContainingTypes,
        genericsOptions: SymbolDisplayGenericsOptions.IncludeTypeParameters | SymbolDisplayGenericsOptions.IncludeVariance,
        miscellaneousOptions: Misc);

    public static string Render(string assemblyPath, IEnumerable<string> references)
    {
        var name = Path.GetFileName(assemblyPath);
        var library = MetadataReference.CreateFromFile(assemblyPath);
        var others = references.Where(path => Path.GetFileName(path) != name)
            .Select(path => MetadataReference.CreateFromFile(path));
        return Render(CSharpCompilation.Create("PublicApi", references: [library, .. others]), library);
    }

    /// <summary>The same for a library that only exists in memory.</summary>
    public static string Render(Compilation compilation, MetadataReference library)
    {
        var assembly = (IAssemblySymbol)compilation.GetAssemblyOrModuleSymbol(library)!;
        var blocks = TypesOf(assembly.GlobalNamespace).Where(IsVisible).Select(Block).Order(StringComparer.Ordinal);
        return string.Join("\n", blocks);
    }

    private static IEnumerable<INamedTypeSymbol> TypesOf(INamespaceOrTypeSymbol container) =>
        container.GetMembers().OfType<INamespaceOrTypeSymbol>().SelectMany(inner =>
            inner is INamedTypeSymbol type ? TypesOf(type).Prepend(type) : TypesOf(inner));

    private static bool IsVisible(ISymbol symbol)
    {
        for (var at = symbol; at is not null and not INamespaceSymbol; at = at.ContainingSymbol)
        {
            var mine = at.DeclaredAccessibility is Accessibility.Public ||
                (at.DeclaredAccessibility is Accessibility.Protected or Accessibility.ProtectedOrInternal &&
                    at.ContainingType is { IsSealed: false });
            if (!mine || (at is ITypeSymbol && !SyntaxFacts.IsValidIdentifier(at.Name)))
            {
                return false;
            }
        }

        return true;
    }

    private static string Block(INamedTypeSymbol type)
    {
        var members = type.GetMembers().Where(IsApi).Where(IsVisible).Select(member => Member(type, member));
        return string.Concat(members.Order(StringComparer.Ordinal).Select(line => $"    {line}\n").Prepend(Heading(type) + "\n"));
    }

    private static bool IsApi(ISymbol member) => member switch
    {
        ITypeSymbol => false,
        _ when member.IsImplicitlyDeclared || IsCompilerGenerated(member) => false,
        IMethodSymbol method => method.AssociatedSymbol is null && method.ContainingType.TypeKind != TypeKind.Delegate &&
            method.MethodKind is MethodKind.Ordinary or MethodKind.Constructor or MethodKind.UserDefinedOperator
                or MethodKind.Conversion,
        IFieldSymbol field => field.AssociatedSymbol is null,
        _ => true,
    };

    private static bool IsCompilerGenerated(ISymbol member) =>
        member.GetAttributes().Any(attribute => attribute.AttributeClass?.Name == "CompilerGeneratedAttribute");

    private static string Heading(INamedTypeSymbol type)
    {
        var scope = type.ContainingNamespace.IsGlobalNamespace ? "" : type.ContainingNamespace.ToDisplayString() + ": ";
        if (type.TypeKind == TypeKind.Delegate)
        {
            return $"{scope}{Access(type)} delegate {type.ToDisplayString(Members)}";
        }

        var bases = Bases(type).ToList();
        var suffix = bases.Count == 0 ? "" : " : " + string.Join(", ", bases);
        return $"{scope}{Access(type)} {Kind(type)} {type.ToDisplayString(Types)}{suffix}{Constraints(type)}";
    }

    private static string Access(ISymbol symbol) => symbol.DeclaredAccessibility == Accessibility.Public ? "public" : "protected";

    private static string Kind(INamedTypeSymbol type)
    {
        var record = type.IsRecord ? "record " : "";
        return type.TypeKind switch
        {
            TypeKind.Interface => "interface",
            TypeKind.Enum => "enum",
            TypeKind.Struct => (type.IsReadOnly ? "readonly " : "") + (type.IsRefLikeType ? "ref " : "") + record + "struct",
            _ when type.IsStatic => "static class",
            _ when type.IsAbstract => $"abstract {record}class",
            _ when type.IsSealed => $"sealed {record}class",
            _ => record + "class",
        };
    }

    private static IEnumerable<string> Bases(INamedTypeSymbol type)
    {
        if (type.TypeKind == TypeKind.Enum)
        {
            return type.EnumUnderlyingType is { SpecialType: not SpecialType.System_Int32 } underlying
                ? [underlying.ToDisplayString(Types)]
                : [];
        }

        var interfaces = type.Interfaces.Where(IsVisible).Select(one => one.ToDisplayString(Types)).Order(StringComparer.Ordinal);
        return type is { TypeKind: TypeKind.Class, BaseType: { SpecialType: not SpecialType.System_Object } parent }
            ? interfaces.Prepend(parent.ToDisplayString(Types))
            : interfaces;
    }

    private static string Constraints(INamedTypeSymbol type)
    {
        var text = type.ToDisplayString(Members);
        var where = text.IndexOf(" where ", StringComparison.Ordinal);
        return where < 0 ? "" : text[where..];
    }

    private static string Member(INamedTypeSymbol type, ISymbol member) => (type.TypeKind, member) switch
    {
        (TypeKind.Enum, IFieldSymbol field) => $"{field.Name} = {field.ConstantValue}",
        // The containing type says nothing new below its own heading; setters that users cannot call say nothing at all.
        _ => member.ToDisplayString(Members)
            .Replace(" internal set;", "", StringComparison.Ordinal).Replace(" private set;", "", StringComparison.Ordinal)
            .Replace(" internal init;", "", StringComparison.Ordinal).Replace(" private init;", "", StringComparison.Ordinal),
    };
}
