using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Pepper.Tests;

namespace Pepper.Resources.Tests.Architecture;

/// <summary>Size, words and shape of every C# file in src, tests, bench and samples.</summary>
public sealed class TidyTests
{
    private const int MaxFileLines = 400;
    private const int MaxMethodLines = 60;
    private const int MaxColumns = 130;

    // Put together here so that this file does not contain what it forbids.
    private static readonly string[] BannedWords = ["TO" + "DO", "FIX" + "ME", "HA" + "CK", "NotImplemented" + "Exception"];

    private static IEnumerable<SyntaxNode> Nodes => Sources.All.SelectMany(tree => tree.GetRoot().DescendantNodes());

    [Fact]
    public void Files_AreShort() =>
        Offenders.AssertNone(
            $"Files have at most {MaxFileLines} lines:",
            Sources.All.Select(tree => (tree.FilePath, Lines: Lines(tree).Count()))
                .Where(file => file.Lines > MaxFileLines).Select(file => $"{file.FilePath}: {file.Lines} lines"));

    [Fact]
    public void Methods_AreShort() =>
        Offenders.AssertNone(
            $"Methods have at most {MaxMethodLines} lines, from the signature to the closing brace:",
            Nodes.Where(IsMethod).Select(method => (method, Lines: MethodLines(method)))
                .Where(one => one.Lines > MaxMethodLines).Select(one => $"{Sources.Where(one.method)}: {one.Lines} lines"));

    [Fact]
    public void Lines_AreShort() =>
        Offenders.AssertNone(
            $"Lines have at most {MaxColumns} columns:",
            Sources.All.SelectMany(tree => Lines(tree).Select((line, index) => (tree.FilePath, Number: index + 1, line.Length)))
                .Where(line => line.Length > MaxColumns).Select(line => $"{line.FilePath}:{line.Number}: {line.Length} columns"));

    [Fact]
    public void Words_ThatPostponeWork_AreAbsent()
    {
        var banned = new Regex($@"\b({string.Join('|', BannedWords)})\b", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(5));
        Offenders.AssertNone(
            "Work is done or left out, not postponed in the code:",
            Sources.All.SelectMany(tree => Lines(tree).Select((line, index) => (tree.FilePath, Number: index + 1, line)))
                .Where(line => banned.IsMatch(line.line)).Select(line => $"{line.FilePath}:{line.Number}: {line.line.Trim()}"));
    }

    [Fact]
    public void Regions_AreAbsent() =>
        Offenders.AssertNone(
            "A file that needs regions is several files:",
            Sources.All.SelectMany(tree => tree.GetRoot().DescendantNodes(_ => true, descendIntoTrivia: true))
                .OfType<RegionDirectiveTriviaSyntax>().Select(Sources.Where));

    [Fact]
    public void AsyncVoid_IsAbsent() =>
        Offenders.AssertNone(
            "Nobody can await async void, and its exception ends the process:",
            Nodes.Where(node => node switch
            {
                MethodDeclarationSyntax method => IsAsyncVoid(method.Modifiers, method.ReturnType),
                LocalFunctionStatementSyntax local => IsAsyncVoid(local.Modifiers, local.ReturnType),
                _ => false,
            }).Select(Sources.Where));

    [Fact]
    public void PublicTypes_OfSrc_AreSealedOrMadeForInheritance() =>
        Offenders.AssertNone(
            "Public classes are sealed, static, abstract or exceptions:",
            Sources.Models.SelectMany(model => model.SyntaxTree.GetRoot().DescendantNodes().OfType<TypeDeclarationSyntax>()
                .Select(node => (node, Type: model.GetDeclaredSymbol(node)!)))
                .Where(one => one.Type is { TypeKind: TypeKind.Class, IsSealed: false, IsStatic: false, IsAbstract: false })
                .Where(one => IsPublic(one.Type) && !IsException(one.Type))
                .Select(one => $"{Sources.Where(one.node)}: {one.Type.Name}"));

    private static IEnumerable<string> Lines(SyntaxTree tree)
    {
        var text = tree.GetText();
        var lines = text.Lines.Select(line => line.ToString());
        // The end of the last line is not the beginning of another.
        return text.Length > 0 && text[^1] == '\n' ? lines.SkipLast(1) : lines;
    }

    private static bool IsMethod(SyntaxNode node) =>
        node is BaseMethodDeclarationSyntax or AccessorDeclarationSyntax or LocalFunctionStatementSyntax
            or PropertyDeclarationSyntax { ExpressionBody: not null } or IndexerDeclarationSyntax { ExpressionBody: not null };

    private static int MethodLines(SyntaxNode method)
    {
        var attributes = method.ChildNodes().OfType<AttributeListSyntax>().LastOrDefault();
        var first = attributes is null ? method.GetFirstToken() : attributes.GetLastToken().GetNextToken();
        var lines = method.SyntaxTree.GetLineSpan(TextSpan(first, method.GetLastToken()));
        return lines.EndLinePosition.Line - lines.StartLinePosition.Line + 1;
    }

    private static Microsoft.CodeAnalysis.Text.TextSpan TextSpan(SyntaxToken first, SyntaxToken last) =>
        Microsoft.CodeAnalysis.Text.TextSpan.FromBounds(first.SpanStart, last.Span.End);

    private static bool IsAsyncVoid(SyntaxTokenList modifiers, TypeSyntax result) =>
        modifiers.Any(SyntaxKind.AsyncKeyword) && result is PredefinedTypeSyntax { Keyword.RawKind: (int)SyntaxKind.VoidKeyword };

    private static bool IsPublic(INamedTypeSymbol type) =>
        type.DeclaredAccessibility == Accessibility.Public && (type.ContainingType is null || IsPublic(type.ContainingType));

    private static bool IsException(INamedTypeSymbol? type) =>
        type is not null && (type.Name == nameof(Exception) || IsException(type.BaseType));
}
