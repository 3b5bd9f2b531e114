using Pepper.Benchmarks;

switch (args)
{
    case ["compare", .. var rest]:
        return CompareOptions.Parse(rest, Console.Error) is { } options ? await CompareCommand.RunAsync(options, Console.Out) : 2;
    case ["cleanup"]:
        CleanupBenchmark.Run(Console.Out);
        return 0;
    case ["registry"]:
        await RegistryBenchmark.RunAsync(Console.Out);
        return 0;
    default:
        Console.Error.WriteLine("usage: dotnet run -c Release --project bench/Pepper.Benchmarks --");
        Console.Error.WriteLine("  compare [--rounds 5] [--only TEXT] [--json FILE] [--results FOLDER] | cleanup | registry");
        return 2;
}
