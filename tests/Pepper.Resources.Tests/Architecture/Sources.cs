using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Pepper.Tests;

namespace Pepper.Resources.Tests.Architecture;

/// <summary>The repository's C# files, parsed once, and compilations of them that the convention tests look into.</summary>
internal static class Sources
{
    private const string ImplicitUsings = """
        global using System;
        global using System.Collections.Generic;
        global using System.IO;
        global using System.Linq;
        global using System.Net.Http;
        global using System.Threading;
        global using System.Threading.Tasks;
        """;

    private static readonly CSharpParseOptions Options = CSharpParseOptions.Default
        .WithLanguageVersion(LanguageVersion.Preview)
        .WithPreprocessorSymbols("DEBUG", "TRACE", "NET", "NET10_0", "NET10_0_OR_GREATER");

    private static readonly Lazy<IReadOnlyList<SyntaxTree>> AllTrees = new(() =>
        [.. Repository.Files(".cs", "src", "tests", "bench", "samples").Select(file =>
            Parse(File.ReadAllText(file), Repository.Relative(file)))]);

    private static readonly Lazy<IReadOnlyList<MetadataReference>> References = new(() =>
        [.. PublicApiFile.PlatformAssemblies()
            .Where(path => !Path.GetFileName(path).StartsWith("Pepper.", StringComparison.Ordinal))
            .Select(path => MetadataReference.CreateFromFile(path))]);

    private static readonly Lazy<CSharpCompilation> CoreCompilation = new(() => Compile(
        Repository.Files(".cs", "src/Pepper.Resources").Select(file => (
            Path.GetRelativePath(Repository.PathOf("src", "Pepper.Resources"), file).Replace('\\', '/'),
            File.ReadAllText(file)))));

    private static readonly Lazy<IReadOnlyList<SemanticModel>> LibraryModels = new(() =>
        [.. Directory.EnumerateDirectories(Repository.PathOf("src")).Order(StringComparer.Ordinal).SelectMany(ModelsOf)]);

    /// <summary>Every file of src, tests, bench and samples; the path of each is relative to the repository.</summary>
    public static IReadOnlyList<SyntaxTree> All => AllTrees.Value;

    /// <summary>The core alone; paths are relative to src/Pepper.Resources.</summary>
    public static CSharpCompilation Core => CoreCompilation.Value;

    /// <summary>One model for each file of src, compiled project by project as far as the tests' references reach.</summary>
    public static IReadOnlyList<SemanticModel> Models => LibraryModels.Value;

    /// <summary>Compiles texts as if they were the core's files. What source generators would add is missing.</summary>
    public static CSharpCompilation Compile(IEnumerable<(string Path, string Text)> files) =>
        Compile(files.Select(file => Parse(file.Text, file.Path)), []);

    public static string Where(SyntaxNode node)
    {
        var span = node.GetLocation().GetLineSpan();
        return $"{span.Path}:{span.StartLinePosition.Line + 1}";
    }

    private static IEnumerable<SemanticModel> ModelsOf(string project)
    {
        var folder = Repository.Relative(project) + "/";
        var trees = All.Where(tree => tree.FilePath.StartsWith(folder, StringComparison.Ordinal)).ToList();
        IEnumerable<MetadataReference> core = folder == "src/Pepper.Resources/" ? [] : [Core.ToMetadataReference()];
        var compilation = Compile(trees, core);
        return trees.Select(tree => compilation.GetSemanticModel(tree));
    }

    private static CSharpCompilation Compile(IEnumerable<SyntaxTree> trees, IEnumerable<MetadataReference> others) =>
        CSharpCompilation.Create(
            "House",
            [Parse(ImplicitUsings, ""), .. trees],
            [.. References.Value, .. others],
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary)
                .WithNullableContextOptions(NullableContextOptions.Enable).WithAllowUnsafe(true));

    private static SyntaxTree Parse(string text, string path) => CSharpSyntaxTree.ParseText(text, Options, path);
}
