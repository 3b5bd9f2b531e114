using Pepper.Benchmarks;

return args switch
{
    ["compare", ..] => await Compare.RunAsync(Console.Out),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("usage: dotnet run -c Release --project bench/Pepper.Benchmarks -- compare | cleanup | registry");
    return 2;
}
