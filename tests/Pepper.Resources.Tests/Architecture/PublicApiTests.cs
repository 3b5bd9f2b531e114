using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Pepper.Tests;

namespace Pepper.Resources.Tests.Architecture;

public sealed class PublicApiTests
{
    private const string Source = """
        namespace N;
        public interface IThing<in T> where T : class, new() { ref readonly int At(int index); event System.Action? Moved; }
        public readonly ref struct Span1 { public readonly int Length => 1; }
        public enum Colour { Red = 1, Blue }
        public delegate string? Maker<T>(T input, int n = 3) where T : notnull;
        public abstract class Base
        {
            protected Base(string name, string? label = null, System.Threading.CancellationToken token = default) { }
            public const int Max = 10;
            public static readonly string Default = "d";
            public int Size { get; private set; }
            public required string Name { get; init; }
            public string? this[int index] => null;
            protected internal virtual void Go(ref int a, out int b, in int c, params System.ReadOnlySpan<string?> d) { b = 0; }
            protected abstract System.Collections.Generic.List<string?>? Find<T>(T? key) where T : struct;
            public static bool operator !(Base value) => true;
            internal void Hidden() { }
            private protected void Hidden2() { }
        }
        public sealed class Leaf : Base, System.IDisposable
        {
            internal Leaf() : base("x") { }
            protected override System.Collections.Generic.List<string?>? Find<T>(T? key) where T : struct => null;
            public void Dispose() { }
            public sealed class Inner { private Inner() { } }
        }
        public static class Tools { public static int Twice(this int x) => 2 * x; }
        internal sealed class Secret { public void M() { } }
        """;

    private const string Rendered = """
        N: public abstract class Base
            protected Base(string name, string? label = null, CancellationToken token = default)
            protected abstract List<string?>? Find<T>(T? key) where T : struct
            protected internal virtual void Go(ref int a, out int b, in int c, params ReadOnlySpan<string?> d)
            public const int Max = 10
            public int Size { get; }
            public required string Name { get; init; }
            public static bool operator !(Base value)
            public static readonly string Default
            public string? this[int index] { get; }

        N: public delegate string? Maker<T>(T input, int n = 3) where T : notnull

        N: public enum Colour
            Blue = 2
            Red = 1

        N: public interface IThing<in T> where T : class, new()
            event Action? Moved
            ref readonly int At(int index)

        N: public readonly ref struct Span1
            public int Length { get; }

        N: public sealed class Leaf : Base, IDisposable
            public void Dispose()

        N: public sealed class Leaf.Inner

        N: public static class Tools
            public static int Twice(this int x)

        """;

    [Theory]
    [InlineData("Pepper.Resources")]
    [InlineData("Pepper.Resources.Testing")]
    public void PublicApi_IsTheApprovedOne(string project) => PublicApiFile.Verify(project);

    [Fact]
    public void Render_EveryKindOfMember_ShowsWhatUsersDependOn() =>
        Assert.Equal(Rendered, Render(Source));

    [Fact]
    public void Render_Record_LeavesOutWhatTheCompilerWrites() =>
        Assert.Equal(
            """
            N: public sealed record class Point : IEquatable<Point>
                public Point(int X, string? Label = "none")
                public int X { get; init; }
                public string? Label { get; init; }

            """,
            Render("namespace N; public sealed record Point(int X, string? Label = \"none\");"));

    [Fact]
    public void Difference_ChangedMember_NamesItsType()
    {
        var difference = PublicApiFile.Difference(
            "N: public class A\n    void M(int x)\n",
            "N: public class A\n    void M(int x, int y)\n");

        Assert.Equal(
            "  - N: public class A » void M(int x)\n  + N: public class A » void M(int x, int y)",
            difference);
    }

    [Fact]
    public void ShippedLibraries_AllHaveAnApprovedApi() =>
        Offenders.AssertNone(
            "Libraries without a PublicApi.txt beside their project:",
            Directory.EnumerateDirectories(Repository.PathOf("src"), "Pepper.Resources*")
                .Where(folder => Directory.EnumerateFiles(folder, "*.csproj").Any())
                .Where(folder => !File.Exists(Path.Combine(folder, "PublicApi.txt")))
                .Select(Repository.Relative));

    private static string Render(string source)
    {
        var compiled = Sources.Compile([("A.cs", source)]);
        using var assembly = new MemoryStream();
        Assert.Empty(compiled.Emit(assembly).Diagnostics.Where(found => found.Severity == DiagnosticSeverity.Error));
        var library = MetadataReference.CreateFromImage(assembly.ToArray());
        return PublicApiText.Render(CSharpCompilation.Create("Reader", references: [library, .. compiled.References]), library);
    }
}
