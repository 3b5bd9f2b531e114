using Pepper.Benchmarks;
using Pepper.Benchmarks.Memories;
using Pepper.Benchmarks.Providers;
using Pepper.Benchmarks.Recovery;

switch (args)
{
    case ["compare", .. var rest]:
        return CompareOptions.Parse(rest, Console.Error) is { } options ? await CompareCommand.RunAsync(options, Console.Out) : 2;
    case ["memory", .. var rest]:
        return MemoryOptions.Parse(rest, Console.Error) is { } wanted ? await MemoryCommand.RunAsync(wanted, Console.Out) : 2;
    case ["outage", .. var rest]:
        return OutageOptions.Parse(rest, Console.Error) is { } asked ? await OutageCommand.RunAsync(asked, Console.Out) : 2;
    case [ClientProcess.Command, _, _, _, _]:
        return await MemoryClient.RunAsync(args.AsMemory(1), Console.Out);
    case ["recovery", .. var rest]:
        return CompareOptions.Parse(rest, Console.Error) is { } rounds ? await RecoveryCommand.RunAsync(rounds, Console.Out) : 2;
    case ["memories", .. var rest]:
        return MemoriesOptions.Parse(rest, Console.Error) is { } stores ? await MemoriesCommand.RunAsync(stores, Console.Out) : 2;
    case ["providers"]:
        return await ProvidersCommand.RunAsync(null, Console.Out);
    case ["providers", "--results", var folder]:
        return await ProvidersCommand.RunAsync(folder, Console.Out);
    case ["cleanup"]:
        CleanupBenchmark.Run(Console.Out);
        return 0;
    case ["caches"]:
        return await ThroughputCommand.RunAsync(Console.Out);
    case ["caches", .. var rest]:
        return CachesOptions.Parse(rest, Console.Error) is { } chosen ? CachesCommand.Run(chosen, Console.Out) : 2;
    case ["registry"]:
        await RegistryBenchmark.RunAsync(Console.Out);
        return 0;
    default:
        Console.Error.WriteLine("usage: dotnet run -c Release --project bench/Pepper.Benchmarks --");
        Console.Error.WriteLine("  compare [--rounds 5] [--only TEXT] [--json FILE] [--results FOLDER]");
        Console.Error.WriteLine("  outage [--only TEXT] [--seconds S] [--results FOLDER]");
        Console.Error.WriteLine("  recovery [--rounds 5] [--only TEXT] [--results FOLDER]");
        Console.Error.WriteLine("  memory [--rounds 3] [--clients 200] [--works 20] | cleanup | registry");
        Console.Error.WriteLine("  caches [--traces FOLDER [--results FOLDER]]");
        Console.Error.WriteLine("  memories [--entries 100000] [--queries 200] [--rounds 1000] [--results FOLDER]");
        Console.Error.WriteLine("  providers [--results FOLDER]");
        return 2;
}
