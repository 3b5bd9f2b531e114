using Microsoft.CodeAnalysis;
using Pepper.Tests;

namespace Pepper.Resources.Tests.Architecture;

public sealed class LockTests
{
    [Fact]
    public void Types_WithALock_AssertTheirInvariants() =>
        AssertNone("A class with a lock says what the lock protects:", LockRules.LocksWithoutInvariants);

    [Fact]
    public void Locks_AreOfTheTypeLock() => AssertNone("Lock a System.Threading.Lock:", LockRules.LocksOnOtherThings);

    [Fact]
    public void Blocks_UnderALock_BeginWithTheInvariants() =>
        AssertNone("Invariants are asserted first under each lock:", LockRules.BlocksWithoutInvariants);

    [Fact]
    public void Calls_ThatNeedTheLock_HoldIt() =>
        AssertNone("Methods that need the lock are called under it:", LockRules.CallsWithoutLock);

    [Fact]
    public void Src_NeverBlocksOnATask() =>
        AssertNone("Await tasks; do not block on them:", LockRules.BlockingWaits);

    [Theory]
    [InlineData("lock (_gate) { Change_NeedsLock(); }")]
    [InlineData("using (_gate.EnterScope()) { Change_NeedsLock(); }")]
    [InlineData("using var scope = _gate.EnterScope(); Change_NeedsLock();")]
    [InlineData("_gate.Enter(); try { Change_NeedsLock(); } finally { _gate.Exit(); }")]
    public void BlocksWithoutInvariants_LockWithoutThem_IsFound(string body) =>
        Assert.Single(LockRules.BlocksWithoutInvariants(Model($"void M() {{ {body} }}")));

    [Theory]
    [InlineData("lock (_gate) { AssertInvariants_NeedsLock(); Change_NeedsLock(); }")]
    [InlineData("using (_gate.EnterScope()) { AssertInvariants_NeedsLock(); Change_NeedsLock(); }")]
    [InlineData("using var scope = _gate.EnterScope(); AssertInvariants_NeedsLock(); Change_NeedsLock();")]
    [InlineData("_gate.Enter(); try { AssertInvariants_NeedsLock(); } finally { _gate.Exit(); }")]
    public void Rules_LockAsTheHouseHasIt_FindNothing(string body)
    {
        var model = Model($"void M() {{ {body} }}");

        Assert.Empty(LockRules.BlocksWithoutInvariants(model));
        Assert.Empty(LockRules.CallsWithoutLock(model));
        Assert.Empty(LockRules.LocksWithoutInvariants(model));
        Assert.Empty(LockRules.LocksOnOtherThings(model));
    }

    [Fact]
    public void LocksWithoutInvariants_TypeWithoutThem_IsFound() =>
        Assert.Single(LockRules.LocksWithoutInvariants(ModelOf("sealed class A { private readonly Lock _gate = new(); }")));

    [Fact]
    public void LocksOnOtherThings_LockOnThis_IsFound() =>
        Assert.Single(LockRules.LocksOnOtherThings(Model("void M() { lock (this) { } }")));

    [Fact]
    public void CallsWithoutLock_CallOutsideALock_IsFound() =>
        Assert.Single(LockRules.CallsWithoutLock(Model("void M() { Change_NeedsLock(); }")));

    [Theory]
    [InlineData("int M(Task<int> t) => t.Result;")]
    [InlineData("int M(ValueTask<int> t) => t.Result;")]
    [InlineData("void M(Task t) => t.Wait();")]
    [InlineData("void M(Task t) => t.Wait(TimeSpan.Zero);")]
    [InlineData("void M(Task t) => Task.WaitAll(t);")]
    [InlineData("void M(Task t) => t.GetAwaiter().GetResult();")]
    [InlineData("int M(ValueTask<int> t) => t.ConfigureAwait(false).GetAwaiter().GetResult();")]
    [InlineData("int M() => Missing.Go().GetAwaiter().GetResult();")]
    public void BlockingWaits_WaitForATask_IsFound(string member) =>
        Assert.Single(LockRules.BlockingWaits(Model(member)));

    [Theory]
    [InlineData("int M((int Result, int X) t) => t.Result;")]
    [InlineData("void M(ManualResetEventSlim e) => e.Wait();")]
    [InlineData("int M(System.Threading.Tasks.Sources.IValueTaskSource<int> s) => s.GetResult(0);")]
    public void BlockingWaits_OtherThingsOfThatName_AreFine(string member) =>
        Assert.Empty(LockRules.BlockingWaits(Model(member)));

    private static void AssertNone(string rule, Func<SemanticModel, IEnumerable<string>> check) =>
        Offenders.AssertNone(rule, Sources.Models.SelectMany(check));

    private static SemanticModel Model(string member) => ModelOf($$"""
        sealed class A
        {
            private readonly Lock _gate = new();
            private void AssertInvariants_NeedsLock() { }
            private void Change_NeedsLock() { }
            {{member}}
        }
        """);

    private static SemanticModel ModelOf(string source)
    {
        var compilation = Sources.Compile([("A.cs", source)]);
        return compilation.GetSemanticModel(compilation.SyntaxTrees.Single(tree => tree.FilePath == "A.cs"));
    }
}
