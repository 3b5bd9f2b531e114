namespace Pepper.Resources.Tests.Architecture;

/// <summary>The checker must find what it exists to find: each test plants one violation, or one thing that is none.</summary>
public sealed class ArrowCheckerTests
{
    private const string Pool = """
        namespace Pepper.Resources;
        public sealed class ResourcePool<T> { public T Take() => default!; public static ResourcePool<T> Shared => new(); }
        internal sealed class PoolEntry { }
        public static class PoolTools
        {
            public static int Count;
            public static string Shout(this string text) => text;
            public static ResourcePool<int> Make() => new();
            extension(string text) { public int Loudness => text.Length; }
        }
        public sealed class PoolSettings { public int Max { get; set; } internal int Hidden { get; set; } }
        """;

    [Fact]
    public void Check_TypeOfAHigherFloor_NamesFileLineAndAllowedFloors()
    {
        var faults = Check((
            "Leasing/Lease.cs",
            "namespace Pepper.Resources;\npublic sealed class Lease { ResourcePool<int>? _pool; }"));

        var fault = Assert.Single(faults);
        Assert.Equal(
            "Leasing (Leasing/Lease.cs:2) uses Pooling.ResourcePool: arrows point down: " +
            "Leasing may use Monitoring, Policies, Cleanup, Lifecycle",
            fault);
    }

    [Theory]
    [InlineData("var", "class A { void M() {\nvar pool = B.Give(); } }")]
    [InlineData("generic argument", "class A { void M() {\nIReadOnlyList<Dictionary<string, PoolSettings[]>>? x = null; } }")]
    [InlineData("inferred generic argument", "class A { void M() {\nB.Echo(B.Give()); } }")]
    [InlineData("extension method", "class A { void M() {\n\"a\".Shout(); } }")]
    [InlineData("extension property", "class A { int M() =>\n\"a\".Loudness; }")]
    [InlineData("extension method, conditional", "class A { void M(string? s) {\ns?.Shout(); } }")]
    [InlineData("target-typed new", "class A { void M() {\nB.Field = new(); } }")]
    [InlineData("member of a result", "class A { void M() {\nB.Give().Take(); } }")]
    [InlineData("tuple", "class A {\n(int A, PoolSettings B) _x; }")]
    [InlineData("base type", "class A :\nList<PoolSettings> { }")]
    [InlineData("constraint", "class A<T>\nwhere T : PoolSettings { }")]
    [InlineData("nameof", "class A { string M() =>\nnameof(PoolSettings); }")]
    [InlineData("pattern", "class A { bool M(object o) =>\no is PoolSettings { Max: 1 }; }")]
    public void Check_HiddenUseOfAHigherFloor_IsFound(string way, string source)
    {
        // B stands on the pool's own floor; it is what hands out types without their names being written.
        const string B = """
            namespace Pepper.Resources;
            public static class B
            {
                public static PoolSettings? Field;
                public static ResourcePool<int> Give() => new();
                public static void Echo<T>(T x) { }
            }
            """;
        var faults = Check(("Pooling/B.cs", B), ("Policies/A.cs", "namespace Pepper.Resources;\n" + source));

        const string Found = "Policies (Policies/A.cs:3) uses Pooling.";
        Assert.True(faults.Any(fault => fault.StartsWith(Found, StringComparison.Ordinal)), way);
    }

    [Fact]
    public void Check_StaticUsing_FindsTheUsingAndTheUse()
    {
        var faults = Check((
            "Cleanup/A.cs",
            "using static Pepper.Resources.PoolTools;\nnamespace Pepper.Resources;\nclass A { int M() => Count; }"));

        Assert.Equal(2, faults.Count);
        Assert.StartsWith("Cleanup (Cleanup/A.cs:1) uses Pooling.PoolTools: ", faults[0], StringComparison.Ordinal);
        Assert.StartsWith("Cleanup (Cleanup/A.cs:3) uses Pooling.PoolTools: ", faults[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Check_UsingAlias_FindsTheUse()
    {
        var faults = Check((
            "Cleanup/A.cs",
            "using P = Pepper.Resources.PoolSettings;\nnamespace Pepper.Resources;\nclass A { P? _p; }"));

        const string Found = "Cleanup (Cleanup/A.cs:3) uses Pooling.PoolSettings: ";
        Assert.Contains(faults, fault => fault.StartsWith(Found, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Caching/A.cs")]
    [InlineData("Registry/A.cs")]
    [InlineData("Providers/Storage/A.cs")]
    [InlineData("Lifecycle/A.cs")]
    public void Check_StrangersAndTheGround_MayNotUseAPool(string path) =>
        Assert.Single(Check((path, "namespace Pepper.Resources;\nclass A { PoolSettings? _x; }")));

    [Theory]
    [InlineData("ResourceCoordinator.cs", "PoolEntry")]
    [InlineData("Pooling/Inner/A.cs", "PoolEntry")]
    [InlineData("Connections/A.cs", "PoolSettings")]
    public void Check_DownwardUse_IsFine(string path, string type) =>
        Assert.Empty(Check((path, $"namespace Pepper.Resources;\nclass A {{ {type}? _x; int M() => \"a\".Shout().Loudness; }}")));

    [Fact]
    public void Check_KindUsesInternalTypeOrMember_IsFound()
    {
        var type = Assert.Single(Check(("Files/A.cs", "namespace Pepper.Resources;\nclass A { PoolEntry? _x; }")));
        var member = Assert.Single(Check((
            "Files/A.cs",
            "namespace Pepper.Resources;\nclass A { int M(PoolSettings s) => s.Hidden; }")));

        Assert.Contains("uses Pooling.PoolEntry, which is not public", type, StringComparison.Ordinal);
        Assert.Contains("uses Pooling.PoolSettings.Hidden, which is not public", member, StringComparison.Ordinal);
    }

    [Fact]
    public void Check_KindUsesProtectedMember_IsFine() =>
        Assert.Empty(Check(
            (
                "Lifecycle/R.cs",
                "namespace Pepper.Resources;\npublic abstract class R { protected abstract void Go(); protected int X; }"),
            ("Sockets/S.cs", "namespace Pepper.Resources;\npublic sealed class S : R { protected override void Go() => X++; }")));

    [Fact]
    public void Check_KindUsesAnotherKind_IsFound() =>
        Assert.Single(Check(
            ("Files/F.cs", "namespace Pepper.Resources;\npublic sealed class F { }"),
            ("Sockets/S.cs", "namespace Pepper.Resources;\npublic sealed class S { F? _f; }")));

    [Fact]
    public void Check_PartialMemberWithoutGeneratedPart_DoesNotDisturb()
    {
        var faults = Check(
            ("Monitoring/Log.cs", """
                using Microsoft.Extensions.Logging;
                namespace Pepper.Resources;
                internal static partial class Log
                {
                    [LoggerMessage(1, LogLevel.Warning, "Lost {Name}")]
                    public static partial void Lost(ILogger logger, string name);
                }
                """),
            ("Leasing/Lease.cs", """
                using Microsoft.Extensions.Logging;
                namespace Pepper.Resources;
                public sealed class Lease
                {
                    void M(ILogger log) { Log.Lost(log, "x"); Generated.Default.Missing(PoolTools.Count); }
                }
                """));

        var fault = Assert.Single(faults);
        Assert.Contains("Leasing (Leasing/Lease.cs:5) uses Pooling.PoolTools", fault, StringComparison.Ordinal);
    }

    [Fact]
    public void Check_FolderThatIsNoFloor_IsFound() =>
        Assert.Contains(
            "the folder Utils is no floor",
            Assert.Single(Check(("Utils/A.cs", "class A { }"))),
            StringComparison.Ordinal);

    private static IReadOnlyList<string> Check(params (string Path, string Text)[] files) =>
        ArrowChecker.Check(Sources.Compile([("Pooling/ResourcePool.cs", Pool), .. files]));
}
