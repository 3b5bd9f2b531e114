using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Pepper.Resources.Tests.Architecture;

/// <summary>What the house asks of whoever locks, and of whoever blocks; each rule gives the places that break it.</summary>
internal static class LockRules
{
    private const string Asserts = "AssertInvariants";
    private const string NeedsLock = "_NeedsLock";

    /// <summary>A lock that is taken, and the first statement that runs under it.</summary>
    private readonly record struct Locked(StatementSyntax? First);

    /// <summary>A type with a <see cref="Lock"/> field declares AssertInvariants… in one of its parts.</summary>
    public static IEnumerable<string> LocksWithoutInvariants(SemanticModel model) =>
        from field in model.SyntaxTree.GetRoot().DescendantNodes().OfType<FieldDeclarationSyntax>()
        let symbol = field.Declaration.Variables.Select(one => model.GetDeclaredSymbol(one)).OfType<IFieldSymbol>().First()
        where IsLock(symbol.Type) && symbol.ContainingType.TypeKind == TypeKind.Class
        where !symbol.ContainingType.GetMembers().OfType<IMethodSymbol>().Any(method => IsAssert(method.Name))
        select $"{Sources.Where(field)}: {symbol.ContainingType.Name} locks {symbol.Name} and has no {Asserts}{NeedsLock}";

    /// <summary>What is locked is a <see cref="Lock"/>, which nobody else can lock.</summary>
    public static IEnumerable<string> LocksOnOtherThings(SemanticModel model) =>
        from locked in model.SyntaxTree.GetRoot().DescendantNodes().OfType<LockStatementSyntax>()
        where !IsLock(model.GetTypeInfo(locked.Expression).Type)
        select $"{Sources.Where(locked)}: {locked.Expression} is not a System.Threading.Lock";

    /// <summary>The first statement under a lock asserts the invariants.</summary>
    public static IEnumerable<string> BlocksWithoutInvariants(SemanticModel model) =>
        from node in model.SyntaxTree.GetRoot().DescendantNodes()
        let locked = FindLock(model, node)
        where locked is { } found && !IsAssert(found.First)
        select $"{Sources.Where(node)}: the first statement under this lock is not a call of {Asserts}{NeedsLock}";

    /// <summary>Whoever calls a method that needs the lock holds it, or needs it too.</summary>
    public static IEnumerable<string> CallsWithoutLock(SemanticModel model) =>
        from call in model.SyntaxTree.GetRoot().DescendantNodes().OfType<InvocationExpressionSyntax>()
        let name = Name(call)
        where name.EndsWith(NeedsLock, StringComparison.Ordinal) && !call.Ancestors().Any(outer => Holds(model, outer))
        select $"{Sources.Where(call)}: {name} is called outside a lock, by a method that does not end in {NeedsLock}";

    /// <summary>A thread that waits for a task is a thread the pool does not have.</summary>
    public static IEnumerable<string> BlockingWaits(SemanticModel model) =>
        from access in model.SyntaxTree.GetRoot().DescendantNodes().OfType<MemberAccessExpressionSyntax>()
        let name = access.Name.Identifier.Text
        where name is "Result" or "Wait" or "WaitAll" or "WaitAny" or "GetResult"
        let symbol = model.GetSymbolInfo(access)
        let member = symbol.Symbol ?? symbol.CandidateSymbols.FirstOrDefault()
        where member is not null ? IsTask(member.ContainingType) : IsGetAwaiter(access.Expression)
        select $"{Sources.Where(access)}: {access}";

    private static Locked? FindLock(SemanticModel model, SyntaxNode node) => node switch
    {
        LockStatementSyntax locked when IsLock(model.GetTypeInfo(locked.Expression).Type) => new Locked(First(locked.Statement)),
        UsingStatementSyntax scope when EntersScope(model, scope.Expression) ||
            EntersScope(model, scope.Declaration?.Variables[0].Initializer?.Value) => new Locked(First(scope.Statement)),
        LocalDeclarationStatementSyntax local when local.UsingKeyword.Text.Length > 0 &&
            EntersScope(model, local.Declaration.Variables[0].Initializer?.Value) => new Locked(Next(local)),
        ExpressionStatementSyntax { Expression: InvocationExpressionSyntax call } enter when Name(call) == "Enter" &&
            IsLock(Receiver(model, call)) =>
                new Locked(Next(enter) is TryStatementSyntax tried ? First(tried.Block) : Next(enter)),
        _ => null,
    };

    private static StatementSyntax? First(StatementSyntax body) =>
        body is BlockSyntax block ? block.Statements.FirstOrDefault() : body;

    private static StatementSyntax? Next(StatementSyntax statement)
    {
        var siblings = statement.Parent is BlockSyntax block ? block.Statements : default;
        var index = siblings.IndexOf(statement);
        return index >= 0 && index + 1 < siblings.Count ? siblings[index + 1] : null;
    }

    private static bool Holds(SemanticModel model, SyntaxNode outer) => outer switch
    {
        LockStatementSyntax => true,
        // Nobody else sees an object before its constructor has ended.
        ConstructorDeclarationSyntax => true,
        PropertyDeclarationSyntax property => property.Identifier.Text.EndsWith(NeedsLock, StringComparison.Ordinal),
        MethodDeclarationSyntax method => HoldsWithin(model, method, method.Identifier.Text),
        LocalFunctionStatementSyntax local => HoldsWithin(model, local, local.Identifier.Text),
        _ => false,
    };

    // Enter, TryEnter and EnterScope have no block of their own: the method that calls one of them is taken to hold the lock.
    private static bool HoldsWithin(SemanticModel model, SyntaxNode method, string name) =>
        name.EndsWith(NeedsLock, StringComparison.Ordinal) || method.DescendantNodes().OfType<InvocationExpressionSyntax>()
            .Any(call => Name(call) is "Enter" or "TryEnter" or "EnterScope" && IsLock(Receiver(model, call)));

    private static bool EntersScope(SemanticModel model, ExpressionSyntax? expression) =>
        expression is InvocationExpressionSyntax call && Name(call) == "EnterScope" && IsLock(Receiver(model, call));

    private static ITypeSymbol? Receiver(SemanticModel model, InvocationExpressionSyntax call) =>
        call.Expression is MemberAccessExpressionSyntax access ? model.GetTypeInfo(access.Expression).Type : null;

    private static string Name(InvocationExpressionSyntax call) => call.Expression switch
    {
        SimpleNameSyntax name => name.Identifier.Text,
        MemberAccessExpressionSyntax access => access.Name.Identifier.Text,
        MemberBindingExpressionSyntax binding => binding.Name.Identifier.Text,
        _ => "",
    };

    private static bool IsAssert(string name) => name.StartsWith(Asserts, StringComparison.Ordinal);

    private static bool IsAssert(StatementSyntax? statement) =>
        statement is ExpressionStatementSyntax { Expression: InvocationExpressionSyntax call } && IsAssert(Name(call));

    // The pool has a lock of its own, which is taken like the framework's.
    private static bool IsLock(ITypeSymbol? type) =>
        type is { Name: "Lock", ContainingNamespace.Name: "Threading" } or { Name: "PoolLatch" };

    private static bool IsGetAwaiter(ExpressionSyntax expression) =>
        expression is InvocationExpressionSyntax call && Name(call) is "GetAwaiter" or "ConfigureAwait";

    private static bool IsTask(INamedTypeSymbol? type) =>
        type is { Name: "Task" or "ValueTask", ContainingNamespace.Name: "Tasks" } ||
        (type?.ContainingNamespace?.Name == "CompilerServices" && type.Name.EndsWith("Awaiter", StringComparison.Ordinal)) ||
        (type?.ContainingType is { } outer && IsTask(outer)) ||
        type?.Name is "ConfiguredTaskAwaiter" or "ConfiguredValueTaskAwaiter";
}
